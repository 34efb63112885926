"""The payment gateway: a simulator that behaves like a real one, its bad days included, with a ledger of its own."""
