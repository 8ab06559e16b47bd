package scenario

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Element is one ban as the kernel has it.
type Element struct {
	Set     string
	Prefix  netip.Prefix
	Timeout time.Duration // how long it was to last
	Expires time.Duration // what is left of it
	Packets uint64
}

// listTable is the kernel's word, by the program of the Debian release.
const listTable = "nft list table inet smtpbl"

// bans asks the kernel for all bans.
func (s *scenario) bans(ctx context.Context) ([]Element, error) {
	out, err := s.sh(ctx, listTable)
	if err != nil {
		return nil, err
	}
	return parseTable(out)
}

// ban asks the kernel for the bans that cover an address.
func (s *scenario) ban(ctx context.Context, addr netip.Addr) (Element, error) {
	elements, err := s.bans(ctx)
	if err != nil {
		return Element{}, err
	}
	for _, e := range elements {
		if e.Prefix.Contains(addr) {
			return e, nil
		}
	}
	return Element{}, fmt.Errorf("the kernel has no ban of %s, but %v", addr, elements)
}

var (
	setBlock = regexp.MustCompile(`(?s)\bset ((?:ban|manual|all)[46][0-9_]*) \{(.*?)\n\t\}`)
	elements = regexp.MustCompile(`(?s)elements = \{(.*?)\}`)
)

// parseTable reads what nft prints of the sets with bans. The keys of a set
// for prefixes are addresses, and the set's name has the length: ban4_24.
func parseTable(text string) ([]Element, error) {
	var all []Element
	for _, set := range setBlock.FindAllStringSubmatch(text, -1) {
		list := elements.FindStringSubmatch(set[2])
		if list == nil {
			continue
		}
		for words := range strings.SplitSeq(list[1], ",") {
			e, err := parseElement(set[1], strings.Fields(words))
			if err != nil {
				return nil, fmt.Errorf("read %q of set %s: %w", strings.TrimSpace(words), set[1], err)
			}
			all = append(all, e)
		}
	}
	return all, nil
}

// parseElement reads a key and what follows it, which comes in another order
// with each release of nft.
func parseElement(set string, words []string) (Element, error) {
	e := Element{Set: set}
	if len(words) == 0 {
		return e, errors.New("no key")
	}
	addr, err := netip.ParseAddr(words[0])
	if err != nil {
		return e, err
	}
	bits := addr.BitLen()
	if _, length, ok := strings.Cut(set, "_"); ok {
		if bits, err = strconv.Atoi(length); err != nil {
			return e, err
		}
	}
	if e.Prefix, err = addr.Prefix(bits); err != nil {
		return e, err
	}
	for i := 1; i+1 < len(words); i++ {
		switch words[i] {
		case "timeout":
			e.Timeout, err = parseSpan(words[i+1])
		case "expires":
			e.Expires, err = parseSpan(words[i+1])
		case "packets":
			e.Packets, err = strconv.ParseUint(words[i+1], 10, 64)
		}
		if err != nil {
			return e, err
		}
	}
	return e, nil
}

var days = regexp.MustCompile(`^(\d+)d`)

// parseSpan reads nft's times, such as 1d4h15m55s996ms.
func parseSpan(text string) (time.Duration, error) {
	var whole time.Duration
	if d := days.FindStringSubmatch(text); d != nil {
		n, err := strconv.Atoi(d[1])
		if err != nil {
			return 0, err
		}
		whole, text = time.Duration(n)*24*time.Hour, strings.TrimPrefix(text, d[0])
	}
	if text == "" {
		return whole, nil
	}
	rest, err := time.ParseDuration(text)
	return whole + rest, err
}

var release = regexp.MustCompile(`^(\d+)\.(\d+)\.`)

// kernelAtLeast tells whether the guest's kernel is of a version or newer.
func (s *scenario) kernelAtLeast(ctx context.Context, major, minor int) (bool, error) {
	out, err := s.sh(ctx, "uname -r")
	if err != nil {
		return false, err
	}
	m := release.FindStringSubmatch(out)
	if m == nil {
		return false, fmt.Errorf("kernel release %q is no version", out)
	}
	x, _ := strconv.Atoi(m[1]) // digits, by the pattern
	y, _ := strconv.Atoi(m[2])
	return x > major || x == major && y >= minor, nil
}
