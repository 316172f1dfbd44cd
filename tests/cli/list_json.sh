poise list --json | sed -E 's/"version": "[0-9.]+"/"version": "VERSION"/'
