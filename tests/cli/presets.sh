poise presets
