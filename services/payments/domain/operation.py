"""The names of operations, and of what can come of one: as metrics show them."""

AUTHORISE = "authorise"
CAPTURE = "capture"
VOID = "void"
REFUND = "refund"
OPERATIONS = (AUTHORISE, CAPTURE, VOID, REFUND)

# Done now; found done before; a decline, which is a good answer; refused for what the payment is.
DONE = "done"
REPEATED = "repeated"
DECLINED = "declined"
REFUSED = "refused"
