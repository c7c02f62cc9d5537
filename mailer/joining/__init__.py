"""How people come to a newsletter by themselves: forms, confirmations, their link, a new address."""
