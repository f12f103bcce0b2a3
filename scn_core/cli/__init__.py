"""The command line, `python -m scn_core`: one module for each group of commands.

main       init, train, status, proposals, evaluate    rounds     round list, cancel, close, pack, run, unpack
log        what was done to the workspace, by whom
labels     export, import-decisions                     quality    figures of the page Quality for a terminal
consensus  what answers, votes and the network come to together
network    predict, export-model
opinion    opinions of other models: add, list, remove
order      the learned order                            simulate   what review is worth on data with known labels
bench      how fast this machine trains                 options    options that several commands share
reports    what commands print                          progress   bars on a terminal
pictures   bad pictures, and copies                   map        the map of a round
check      whether a workspace is as it was written
run        errors as one line, and exit codes; the review app uses it too
confirm    asking before something is done that has no way back
outputs    what a command that writes a file may replace, and what never
backup     backup, restore
threads    how many threads torch computes with, unless a round says

Modules that train import torch within their commands, so that the others do not wait for it.
"""
