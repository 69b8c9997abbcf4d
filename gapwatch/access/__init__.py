"""Who may see what: roles and login of a workspace, who somebody is, and the rows that they may read."""
