"""What the pages read, and the only cache: a few seconds, for what several controls and people ask again and again.

The cache is keyed by the workspace too, and is of the process: it holds nothing that only one person may see, unless
their number is part of the key.

workspace_state  where the workspace and the queue stand       rounds       page Rounds
faces        one face, and the search for it                   quality      page Quality
adjudicate   page Adjudicate                                   team         page Team
labels       page Labels                                access_tokens  page Access tokens
pictures     page Pictures                              confusion      labels against labels, on Quality and Samples
explore      page Explore
"""
