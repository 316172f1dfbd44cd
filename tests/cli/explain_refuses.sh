code poise explain group_norm --shape 8,10,4,4 --groups 4
code poise explain group_norm --shape 8x10
code poise explain group_norm --shape 8,-1
code poise explain group_norm --shape 8,32 --dtype int8
code poise explain group_norm --shape 8,32 --layout hwcn
code poise explain group_norm --shape 8,32 --mode frozen
code poise explain batch_norm --shape 8,32 --mode evaluation
code poise explain groupnorm
