"""Who may come in, and as whom.

guard       host, origin, headers: before every request     endpoint    a request as a person, on the database
login       pages for signing in and out                     sessions    behind a cookie
passwords   hashes                                           tokens      signed words: page tokens, tickets
accounts    the command `person`                             secret_key  the workspace's secret
access_tokens  of scripts: Authorization: Bearer            token_command  the command `token`
openid      what signing in by OpenID Connect needs          throttle    how often one may try
"""
