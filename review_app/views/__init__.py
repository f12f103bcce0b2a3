"""The pages: short, without SQL and without logic. They read through `queries` and write through `commands`.

navigation       the pages there are, their addresses, and who sees them

review           Review: the grid, and what takes its place while there are no faces; filters: the controls above it
my_work          My work: what one person decided, and how fast
sample           Samples: one face; its parts: face_parts, decide
rounds           Rounds: round_follow (in training), round_start (the form), round_list, round_rules, round_compare,
                 round_doubt; round_choice: which round the address names; round_marks: its flags and notes
adjudicate       Adjudicate: faces in conflict; adjudicate_face: one of them
quality          Quality; quality_parts: its sections
confusion        labels against labels: the matrix on Quality, and the faces of a cell on Samples
labels           Labels: export; labels_import: decisions made elsewhere
explore          Explore: all faces of a round on a map
pictures         Pictures: copies, and pictures that are hard to judge
team             Team; team_log: who did what; team_backups: backups, and one made now;
                 team_hooks: webhooks
leases           Leases: who holds which faces now
access_tokens    Access tokens: for scripts; and one's own password

messages         every state in which there is nothing to show
parts            pieces of pages as HTML, with everything escaped
wording          messages that speak of options, in the words of the pages
settings_form    controls made from the fields of a settings record
"""
