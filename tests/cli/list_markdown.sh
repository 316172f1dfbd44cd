poise list --markdown
