"""Many workspaces at one address: `scn-review serve DIR`, where DIR holds several.

serve        starts the hub, and stops it            workspaces   which ones the folder holds now
app          routes a request to a workspace         child        the process that serves one workspace
pages        the list, signing in and out, health    accounts     one sign-in for all that know the person
proxy        passes requests and websockets on
"""
