// What the composer and the server hand each other: mailer/web/editor/composer.

/** One block; its other fields are those of its kind, in mailer/blocks.py. */
export interface Block {
  id: string
  kind: string
  [field: string]: any
}

/** An issue as it is written and stored. */
export interface Draft {
  subject: string
  preheader: string
  title: string
  language: string
  blocks: Block[]
  [field: string]: any
}

/** What there is to mend; *block* is '' for what concerns the whole issue. */
export interface Problem {
  block: string
  field: string
  words: string
  level: 'stop' | 'hint'
}

/** One version of the past. */
export interface Version {
  number: number
  at: string
  by: string
  doc?: Draft
}

/** A subscriber as whom the preview is seen. */
export interface Reader {
  id: number
  name: string
  address: string
}

/** The finished mail, as the renderer made it. */
export interface Preview {
  html: string
  text: string
  subject: string
  preheader: string
  bytes: number
  problems: Problem[]
  ms: number
}

/** The server's answer; *detail* in its body is a sentence for the person. */
export interface Answer {
  status: number
  ok: boolean
  body: any
}

/** A block kept for reuse. */
export interface Saved {
  id: number
  block: Block
}

/** The issue as it was left. */
export interface Opened {
  id: number
  name: string
  version: number
  doc: Draft
  by: string
}

/** Where the server is asked: mailer/web/editor/composer/page.py. */
export type Urls = Record<
  'document' | 'preview' | 'events' | 'versions' | 'readers' | 'paste' | 'file' | 'test' | 'review' | 'saved' | 'pictures' | 'frame' | 'back',
  string
> & { mostBytes: number }

/** Whether everything is saved; *why* it was refused. */
export interface SaveState {
  state: string
  why: string
}

/** What differs between two documents: pairs of before and after. */
export interface Step {
  fields: Record<string, [any, any]>
  blocks: Record<string, [Block | null, Block | null]>
  order: [string[], string[]] | null
}

/** What stands at one place of a document: a block, or the words of a field above the blocks (merge.js). */
export type Part = Block | string

/** What both sides changed, by its place, as the others have it. */
export type Conflicts = Record<string, Part>

/** What somebody has to choose, by its place: as the others have it, and who they are. */
export interface Clash {
  by: string
  theirs: Part
}
export type Clashes = Record<string, Clash>

/** What merging came to. */
export interface Merged {
  doc: Draft
  conflicts: Conflicts
}

/** What became of a picture; *moved* where it was one that moves. */
export interface Uploaded {
  url?: string
  moved?: boolean
  problem?: string
}

/** Where the browser keeps what the server has not got yet. */
export type Store = Pick<Storage, 'getItem' | 'setItem' | 'removeItem' | 'key' | 'length'> | null | undefined
