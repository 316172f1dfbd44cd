poise list
