poise --help
poise run group_norm --help
