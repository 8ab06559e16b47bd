package coverage

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/smtpbl/smtpbl/policy"
)

// Warning says how many failed logins came in at protocols that ports do not
// cover, and which line of the configuration would cover them. day is what
// Count.Day returns. Of a protocol that is covered in part nothing is said
// unless something listens on one of the other ports, for most servers leave
// one or two of the usual ports shut. It is empty where there is nothing to say.
func Warning(day map[string]uint64, ports []uint16, listening map[uint16]bool) string {
	var told []string
	wanted := slices.Clone(ports)
	for _, p := range policy.Protocols {
		missing := Missing(ports, p)
		if len(missing) == 0 || day[p.String()] == 0 {
			continue
		}
		if len(missing) < len(Usual(p)) {
			if missing = heard(missing, listening); len(missing) == 0 {
				continue
			}
		}
		text := thousands(day[p.String()])
		if len(told) == 0 {
			text += " failed logins of the last 24 h came in"
		}
		told = append(told, text+" at "+p.String())
		wanted = append(wanted, missing...)
	}
	if len(told) == 0 {
		return ""
	}
	return fmt.Sprintf("%s, which bans do not cover: %s in [nft] would", list(told), line(wanted))
}

// Note says on which usual ports of a mail server something listens that ports
// do not cover. It is empty where there is nothing to say.
func Note(ports []uint16, listening map[uint16]bool) string {
	var told []string
	wanted := slices.Clone(ports)
	for _, p := range policy.Protocols {
		missing := heard(Missing(ports, p), listening)
		if len(missing) == 0 {
			continue
		}
		texts := make([]string, len(missing))
		for i, port := range missing {
			texts[i] = strconv.Itoa(int(port))
		}
		told = append(told, fmt.Sprintf("%s (%s)", list(texts), p))
		wanted = append(wanted, missing...)
	}
	if len(told) == 0 {
		return ""
	}
	return fmt.Sprintf("something listens on %s: failed logins there count, but bans do not cover these ports: %s in [nft] would",
		list(told), line(wanted))
}

// heard keeps the ports that something listens on.
func heard(ports []uint16, listening map[uint16]bool) []uint16 {
	return slices.DeleteFunc(ports, func(port uint16) bool { return !listening[port] })
}

// line writes the key as it belongs into the configuration.
func line(ports []uint16) string {
	return "ports = [" + strings.Join(strings.Fields(strings.Trim(fmt.Sprint(ports), "[]")), ", ") + "]"
}

// list writes "a", "a and b" or "a, b and c".
func list(texts []string) string {
	if len(texts) < 2 {
		return strings.Join(texts, "")
	}
	last := len(texts) - 1
	return strings.Join(texts[:last], ", ") + " and " + texts[last]
}

// thousands writes 1204 as 1,204.
func thousands(n uint64) string {
	digits := strconv.FormatUint(n, 10)
	for at := len(digits) - 3; at > 0; at -= 3 {
		digits = digits[:at] + "," + digits[at:]
	}
	return digits
}
