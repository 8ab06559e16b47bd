# What smtpbl replaces: offenders by frequency over the whole log $1, IPv4
# from 5 failures on, IPv6 from 3, and the /24 of 5 or more offenders. To cut
# the address out with sed and a regular expression takes ten times as long.
grep 'SASL LOGIN authentication failed' "$1" |
awk -F '[][]' '{ n[$4]++ } END { for (a in n) if (n[a] >= (a ~ /:/ ? 3 : 5)) print a, n[a] }' |
awk '{ print }
     !/:/ { split($1, o, "."); hosts[o[1] "." o[2] "." o[3]]++ }
     END { for (net in hosts) if (hosts[net] >= 5) print net ".0/24", hosts[net] }'
