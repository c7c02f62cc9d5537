"""What servers say in words, and what they mean by it: a table, read from its beginning."""

from __future__ import annotations

import re

from mailer.reports import Reason

# The first that is found counts: what concerns the sender stands before what concerns the
# recipient, for "blocked" servers like to say "user unknown" as well.
_TABLE: tuple[tuple[Reason, str], ...] = (
    (
        Reason.USER_UNKNOWN,
        r"account or domain may not exist|recipient address rejected: (?:user unknown|undeliverable "
        r"address|unknown (?:user|recipient))|\b5\.4\.1\b[^\n]{0,120}recipient address rejected: "
        r"access denied",
    ),
    (
        Reason.NETWORK,
        r"unexpected name server reply|host name lookup failure|name server time|"
        r"host not found,? try again|temporary (?:lookup|dns|resolution)",
    ),
    (
        Reason.SYSTEM,
        r"could(?:n't| not) create|cannot create",
    ),
    (
        Reason.EXPIRED,
        r"was aborted after",
    ),
    (
        Reason.SENDER,
        r"sender (?:address |domain )?(?:is )?(?:rejected|refused|denied|invalid|unknown|not (?:valid|"
        r"found|allowed|exist))|from: domain is invalid|valid from:|invalid sender|bad sender|"
        r"sender'?s (?:address|domain)|domain of sender|sender domain|return address|"
        r"unrout(?:e)?able sender|sender verif|(?:do|does|are|is) not accept(?:ing)? (?:e-?)?mail from|"
        r"recipient'?s? preferences",
    ),
    (
        Reason.LOOP,
        r"hop ?count|too many hops|mail loop|routing loop|loop(?:s)? back to|loop detected|"
        r"too many received",
    ),
    (
        Reason.AUTHENTICATION,
        r"dmarc|\bspf\b|sender policy framework|\bdkim\b|unauthenticated e?mail|"
        r"sender (?:domain )?(?:is )?not authenticated|does not pass authentication|"
        r"authentication checks",
    ),
    (
        Reason.BLOCKED,
        r"reverse dns|\br?dns record|\bptr\b|\brdns\b|cannot find your (?:reverse )?hostname|"
        r"spamhaus|spamcop|sorbs|barracudacentral|cbl\.abuseat|\b(?:rbl|dnsbl|blacklist(?:ed)?|"
        r"black list|block ?list(?:ed)?|blocklist)\b(?! url)|poor reputation|bad reputation|"
        r"low reputation|reputation|blocked (?:for|by|using|due|because)|"
        r"\b(?:ip|host|server|client)\b(?:[^.]|\.(?=\d)){0,60}(?:is |was |has been )?(?:blocked|banned|listed|"
        r"not allowed|not accepted|rejected)|access denied\.\.\.|connection refused by policy|"
        r"bad dns|forged helo|helo (?:command )?rejected|"
        r"client host rejected|refused to talk to me|no reverse|"
        r"mail from [^ ]{0,100} (?:refused|rejected)|"
        r"we do not accept mail from (?:hosts|dynamic)|dynamic ip|dial-?up",
    ),
    (
        Reason.SPAM,
        r"\bspam|\bunsolicited|\bjunk\b|blacklisted url|content (?:is )?(?:rejected|restriction|"
        r"filter|denied|refused|blocked)|considered (?:as )?(?:unsolicited|bulk)|"
        r"\bvirus(?:es)?\b|malware|phishing|mail rejete|message content rejected|"
        r"blocked attachment|suspicious|abus(?:e|ive) (?:content|message)|"
        r"score too high|looks like|header error|message rejected due to content|"
        r"classified as|bulk mail",
    ),
    (
        Reason.RATE,
        r"too many (?:connections|messages|recipients|emails|concurrent|sessions|mails)|"
        r"rate ?limit|throttl|sending rate|receiving mail (?:too quickly|at a rate)|"
        r"(?:exceed|over)[^.]{0,40}(?:rate|per (?:hour|day|minute|second))|"
        r"rate that|temporarily (?:rate|deferred due)|try again slow|unexpected volume|"
        r"concurrency limit|too much mail(?! stored| in )|too quickly|message quota|sending quota|daily limit",
    ),
    (
        Reason.RELAYING,
        r"relay(?:ing)? (?:access )?(?:is )?(?:denied|not (?:allowed|permitted)|prohibited|"
        r"rejected|refused)|unable to relay|insecure mail relay|not (?:a )?(?:permitted|allowed) "
        r"to relay|does not relay|we do not relay|cannot relay|no relaying|"
        r"that domain isn't in my list of allowed rcpthosts|relay not permitted|open relay",
    ),
    (
        Reason.MESSAGE_TOO_BIG,
        r"(?:message|mail|size|data)[^.\n]{0,40}(?:too (?:big|large)|(?<!queue )too long|exceed[^.\n]{0,30}"
        r"(?:size|limit|length|max)|size limit)|size limit exceeded|too (?:big|large) (?:for|a)|"
        r"exceeds (?:the )?(?:size|maximum|fixed|limit)|maximum message size|line limit exceeded|"
        r"line too long|larger than",
    ),
    (
        Reason.MAILBOX_FULL,
        r"(?:mail ?box|mailfolder|inbox|account|user|recipient|quota|storage|disk|space|drop)"
        r"[^.\n]{0,60}(?:\bfull\b|over (?:its |the |disk )?quota|over-?quota|exceed(?:ed|s|ing)?|"
        r"out of (?:storage|space)|is over)|over ?quota|quota (?:exceeded|violation|is full|full)|"
        r"(?:exceed|over)[^.\n]{0,40}(?:quota|storage|allowed space|mailbox size|mailbox limit)|"
        r"mail ?box ?full|mailbox size limit|not enough (?:disk )?(?:storage )?space|"
        r"insufficient (?:system )?(?:storage|disk|space)|user'?s? (?:disk )?quota|"
        r"mailbox (?:for [^ ]{0,100} )?is full|out of storage|no space left|bo[iî]te pleine|"
        r"postfach (?:ist )?voll|casella (?:[eè] )?piena|buz[oó]n (?:est[aá] )?lleno|full mailbox|"
        r"storage quota|casilla [^.\n]{0,40}(?:agotad|llena)|espacio [^.\n]{0,40}agotado|"
        r"caixa (?:postal )?(?:est[aá] )?cheia|quota d[eé]pass[eé]|bo[iî]te (?:aux lettres )?satur|"
        r"mailbox (?:is )?vol\b|postvak [^.\n]{0,20}vol\b|skrzynka [^.\n]{0,30}pe[lł]na|"
        r"ящик [^.\n]{0,30}переполнен|邮箱[^.\n]{0,10}(?:已满|空间不足)|容量[^.\n]{0,10}(?:超過|超え)",
    ),
    (
        Reason.SUSPENDED,
        r"(?:account|mail ?box|user|recipient|address|domain)[^.\n]{0,60}(?:disabled|suspended|"
        r"deactivated|inactive|not active|locked|on hold|discontinued|blocked|restricted|expired|"
        r"frozen|closed|terminated|de-?activated)|"
        r"(?:disabled|inactive|suspended|deactivated|locked|blocked) (?:account|mail ?box|user|"
        r"recipient)|temporarily (?:disabled|inactive)|account (?:that you tried to reach )?is "
        r"(?:disabled|inactive)|not accepting (?:any )?(?:mail|messages)|"
        r"is no longer active|currently suspended|not been activated|"
        r"casilla ha expirado|cuenta (?:est[aá] )?(?:suspendida|desactivada|inactiva)|"
        r"compte (?:est )?(?:suspendu|d[eé]sactiv[eé]|inactif)|konto (?:ist )?(?:gesperrt|deaktiviert)|"
        r"conta (?:est[aá] )?(?:suspensa|desativada|inativa)|"
        r"(?:account|utenza|casella) (?:[eè] )?(?:sospes[oa]|disabilitat[oa])",
    ),
    (
        Reason.MOVED,
        r"has moved|user not local; please try|moved to (?:a )?new|recipient has changed|"
        r"changed (?:his|her|their) (?:e-?mail )?address|has been replaced by",
    ),
    (
        Reason.TAKES_NO_MAIL,
        r"null ?mx|does not (?:accept|receive|take) (?:any )?(?:e-?)?mail|(?:mx|srv) record[^.\n]{0,30}"
        r"indicated no smtp|nullmx|mail receiving disabled|is not an mx|host does not receive mail|"
        r"no smtp service|cannot receive mail|smtp protocol returned a permanent error",
    ),
    (
        Reason.HOST_UNKNOWN,
        r"(?:\bhost|domain|(?:host|domain|server) ?name|\bserver)\b[^.\n]{0,60}(?:not found|"
        r"(?<!user )(?<!recipient )(?<!mailbox )(?<!address )unknown(?! (?:user|recipient|mailbox|"
        r"address|account|alias|local))|does ?n[o']t exist|"
        r"no such|not exist|couldn'?t be found|could not be found|is invalid|lookup fail)|"
        r"domain [\w.-]{1,253} does not exist|unknown (?:host|domain|mail ?host)|(?:no such|bad|invalid|illegal|unrouteable|unroutable|"
        r"non-?existent) (?:host|domain|mail domain|destination|gateway)|"
        r"unrouteable (?:mail )?(?:domain|address)|unroutable|"
        r"could not find a gateway|name or service not known|"
        r"no (?:valid )?(?:mx|mail exchanger|mail hosts?|a record|dns)|"
        r"can'?t find (?:a valid|any)|couldn'?t find (?:any host|a mail)|"
        r"(?:address|recipient) (?:resolves|is not) (?:internally|routable)|"
        r"all relevant mx records|nxdomain|dns (?:lookup failure|error)|"
        r"name server: host|host or domain name not found|account or domain may not exist|"
        r"no route to (?:the )?(?:domain|destination)|domain is not reachable",
    ),
    (
        Reason.USER_UNKNOWN,
        r"(?:user|recipient|mail ?box|address|account|addressee|alias|local ?part|userid|"
        r"mailaddress|person|name)"
        r"[^.\n]{0,60}(?:unknown|not (?:be )?(?:found|known|exist|listed|recogni[sz]ed|valid|"
        r"available here|located)|does ?n[o']t exist|do not exist|no longer (?:exists|valid|"
        r"available|with)|doesn'?t have an?|undeliverable|n'existe|couldn.t be found|existiert nicht|non esiste|"
        r"no existe|wasn.{1,8}t found|not a valid|isn'?t (?:valid|listed))|"
        r"(?:unknown|no such|invalid|nonexistent|non-existent|non existent|unrecognized|bad|"
        r"unknown or illegal|unknown local|illegal|undefined|incorrect) "
        r"(?:virtual )?(?:local )?(?:final delivery )?"
        r"(?:user|recipient|mail ?box|address|account|alias|person|addressee|mailbox|local|"
        r"destination address|e-?mail|e-?mail address|userid|name|rcpt)|"
        r"no (?:mail ?box|user|account|one)(?: here)?(?: by| with| of| at| found| exists)?|"
        r"not (?:our|a) (?:customer|local (?:user|recipient)|known user)|"
        r"not listed in (?:public name|domino directory)|"
        r"doesn'?t have an? [^ ]{1,80} account|"
        r"recipientnotfound|resolver\.adr\.(?:recip|exrecip)notfound|resolver\.adr\.[a-z]*notfound|"
        r"user ?search|usuario desconocido|utilisateur inconnu|unbekannter (?:benutzer|empf)|"
        r"address unknown|address rejected(?=\.?\s*(?:$|\(in))|check if address is correct|"
        r"recipient rejected: <|no valid recipients|"
        r"(?:usuario|destinatario|utente|utilizador|usu[aá]rio|destinat[aá]rio|indirizzo|direcci[oó]n|"
        r"endere[cç]o|adresse|destinataire|empf[aä]nger|benutzer)[^.\n]{0,40}(?:inv[aá]lid|non valid|"
        r"inexist|no existe|n[aã]o existe|desconocid|desconhecid|inconnu|introuvable|unbekannt|"
        r"sconosciut|ung[uü]ltig|nicht gefunden|non recens)|"
        r"(?:usuario|direcci[oó]n) no (?:v[aá]lid|encontrad)|(?:onbekende|unbekannte[rs]?) (?:gebruiker|"
        r"empf[aä]nger|benutzer|adresse)|gebruiker [^.\n]{0,30}(?:onbekend|niet gevonden)|"
        r"nieznany (?:u[zż]ytkownik|odbiorca)|nie ma takiego (?:u[zż]ytkownika|adresu)|"
        r"ok[aä]nd mottagare|ukendt (?:bruger|modtager)|ukjent (?:bruker|mottaker)|"
        r"(?:пользователь|получател|адрес|ящик)[^.\n]{0,30}(?:не найден|не существует|неизвест)|"
        r"(?:用户|收件人|邮箱|地址|帐户|账户)[^.\n]{0,10}(?:不存在|未找到)|(?:宛先|ユーザー?|メールアドレス|アドレス)"
        r"[^.\n]{0,20}(?:存在しません|見つかりません|不明)|"
        r"\bunknown user|"
        r"no such (?:user|person|recipient|address|mailbox)|mailbox unavailable|"
        r"user is unknown|not a valid (?:user|recipient|mailbox)|no longer (?:employed|works)",
    ),
    (
        Reason.EXPIRED,
        r"(?:retry|delivery|queue|message|attempt)[^.\n]{0,50}(?:time[- ]?out|timed out|expired|"
        r"too long)|cannot send message (?:for|within)|"
        r"in the queue too long|all hosts[^.\n]{0,40}(?:been )?failing for a long time|"
        r"message expired|unable to deliver (?:message )?(?:in|after|for)|"
        r"(?:was|been) (?:aborted|undeliverable) (?:after|for)|"
        r"multiple retries|after \d+ attempts|could not deliver for|giving up|"
        r"has been (?:in the )?(?:queued?|tried) (?:for )?|delayed \d+",
    ),
    (
        Reason.NETWORK,
        r"connection (?:timed out|refused|reset|dropped|lost|closed|failed|was)|"
        r"lost connection|timed? ?out|network (?:is )?(?:unreachable|error)|no route to host|"
        r"unable to connect|could not connect|can'?t connect|wasn'?t able to establish|"
        r"did not accept our requests to connect|socket error|host (?:is )?(?:down|unreachable)|"
        r"deferred|starttls|\btls\b|conversation with|no answer from host|"
        r"try(?:ing)? again later|temporar(?:y|ily)|error transferring to",
    ),
    (
        Reason.SYSTEM,
        r"(?:local|internal|system|configuration|server|i/o|database|command|mailer|unknown) "
        r"(?:error|failure|died|problem)|service (?:not available|unavailable)|"
        r"cannot (?:append|open|create|update|write)|can'?t create|exit status|exit code|"
        r"unknown mailer error|interrupted system call|error in processing|"
        r"lmtp|died|out of memory|load (?:average|too high)|permission denied|out of resources",
    ),
    (
        Reason.PROTOCOL,
        r"syntax error|command (?:not|un)|bad sequence|protocol error|not compliant|rfc ?\d+|"
        r"malformed|invalid (?:header|message-id|format)|improper|multiple[^.\n]{0,20}headers?|"
        r"bare lf|null sender",
    ),
    (
        Reason.POLICY,
        r"polic(?:y|ies)|not (?:permitted|allowed|authori[sz]ed)|permission|denied|prohibited|"
        r"forbidden|rejected|refused|declined|restricted|security|not accepted|unauthori[sz]ed",
    ),
)
_COMPILED = tuple((reason, re.compile(words)) for reason, words in _TABLE)


def by_words(text: str) -> Reason | None:
    """What *text* (of a server, on one line) says; ``None``: nothing that we know."""
    text = text.lower()
    return next((reason for reason, words in _COMPILED if words.search(text)), None)
