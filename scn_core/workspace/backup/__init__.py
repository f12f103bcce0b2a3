"""Backups of a workspace, and the way back.

make       what goes into a backup, when one is made, those there are   archive   the zip file and its manifest
rotation   which are kept                                              restore   a backup put in place
fullest    which is best put back                                      loss      what a restore would lose
soundness  whether a copy can be put back
"""
