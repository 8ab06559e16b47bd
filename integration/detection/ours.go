package main

import (
	"fmt"
	"strings"

	"github.com/smtpbl/smtpbl/ingest/parse"
	"github.com/smtpbl/smtpbl/policy"
)

// events tells what smtpbl makes of lines that belong together, read in their
// order: "kind address" for each event, with the number of failures where it
// is not the usual one. What another witness has told already is not told
// again. An event that is put to another server than it should says so.
func events(of policy.Service, lines []string) string {
	var told []string
	by := map[string]policy.Witness{}
	reader, sessions := parse.NewReader(nil), new(parse.Sessions)
	for _, line := range lines {
		var ev policy.Event
		if !reader.Line([]byte(line), &ev) || !sessions.Resolve(&ev) {
			continue
		}
		text := ev.Kind.String() + " " + ev.Addr.String()
		if ev.Kind == policy.Session || ev.Kind == policy.AuthFail && ev.Failures != 1 {
			text += fmt.Sprintf(" ×%d", ev.Failures)
		}
		if ev.Service != of {
			text += " as " + ev.Service.String()
		}
		if seen := by[text]; seen == 0 || seen&ev.Witness != 0 {
			told = append(told, text)
		}
		by[text] |= ev.Witness
	}
	return strings.Join(told, ", ")
}
