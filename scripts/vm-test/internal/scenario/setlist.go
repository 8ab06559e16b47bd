package scenario

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
)

// listedBan is a row of "smtpbl set list --json".
type listedBan struct {
	Addr      string  `json:"addr"`
	Set       string  `json:"set"`
	Remaining float64 `json:"remaining_seconds"`
	Packets   uint64  `json:"packets"`
}

// setList returns what "smtpbl set list" tells, by set and prefix.
func (s *scenario) setList(ctx context.Context) (map[string]listedBan, error) {
	out, err := s.sh(ctx, "smtpbl set list --json")
	if err != nil {
		return nil, err
	}
	var rows []listedBan
	if err := json.Unmarshal([]byte(out), &rows); err != nil {
		return nil, fmt.Errorf("read set list: %w\n%s", err, out)
	}
	list := map[string]listedBan{}
	for _, row := range rows {
		prefix := row.Addr
		switch {
		case strings.Contains(prefix, "/"):
		case strings.Contains(prefix, ":"):
			prefix += "/128"
		default:
			prefix += "/32"
		}
		list[row.Set+" "+prefix] = row
	}
	return list, nil
}
