"""What the pages write: each is one short call, begun in a button's callback, so that a rerun stops it nowhere.

writer       the call itself, as who is signed in              rounds       start, stop, rules of review
decisions    answers, marks and their undo                     labels       exports, imports
leases       faces that someone holds                          team         accounts
adjudicate   conflicts settled                         access_tokens  tokens for scripts
own_password   changed by whoever is signed in
"""
