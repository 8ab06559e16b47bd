package main

import (
	_ "embed"
	"errors"
	"fmt"
	"strings"
)

// disputedFile lists the labels that we hold to be wrong: the hash of the
// line, a blank, and why.
//
//go:embed disputed.txt
var disputedFile string

var errNoReason = errors.New("want a hash and a reason")

// readDisputed returns the reasons by hash.
func readDisputed(text string) (map[string]string, error) {
	disputed := map[string]string{}
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line[0] == '#' {
			continue
		}
		hash, why, _ := strings.Cut(line, " ")
		if len(hash) != 16 || strings.TrimSpace(why) == "" || disputed[hash] != "" {
			return nil, fmt.Errorf("read the disputed label %q: %w", line, errNoReason)
		}
		disputed[hash] = strings.TrimSpace(why)
	}
	return disputed, nil
}
