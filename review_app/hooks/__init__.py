"""Webhooks: messages of the database posted to the receivers that workspace.toml names.

signing  the body of a message, its secret and its signature, as the Standard Webhooks specification says
post     one request to a receiver, within bounds
sender   a thread for each hook that sends what is due, and tries again
command  `python -m review_app hooks ...`
"""
