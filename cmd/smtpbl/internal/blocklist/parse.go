package blocklist

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"unicode"

	"github.com/smtpbl/smtpbl/nft"
)

const (
	// lineBytes bounds one line; what is longer is a bad line.
	lineBytes = 4 << 10
	// maxPrefixes bounds one file. The kernel keeps some 170 bytes of each.
	maxPrefixes = 1_000_000
	// maxBad is how many bad lines a list may have. With more it is no list but
	// some other file that a pattern matches.
	maxBad = 10_000
	// maxQuoted is how much of a bad line is repeated in a message.
	maxQuoted = 60
)

// Reasons for which a file is not taken.
var (
	errTooMany = fmt.Errorf("more than %d prefixes in one file", maxPrefixes)
	errNoList  = fmt.Errorf("more than %d lines that are no prefix: this is no block list", maxBad)
)

// badLine is a line that is neither empty nor a comment nor a prefix.
type badLine struct {
	number int // from 1
	text   string
	why    error
}

// parse reads a list: one address or prefix a line, host bits ignored. What
// follows # or ; is a comment, as in the lists of fail2ban, ipset and Spamhaus.
// A bad line is left out and reported, and the others count, unless very many
// lines are bad.
func parse(r io.Reader) (prefixes []netip.Prefix, bad []badLine, err error) {
	lines := bufio.NewReaderSize(r, lineBytes)
	for number := 1; ; number++ {
		line, err := lines.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		for errors.Is(err, bufio.ErrBufferFull) {
			_, err = lines.ReadSlice('\n')
		}
		last := errors.Is(err, io.EOF)
		if err != nil && !last {
			return nil, nil, err
		}
		p, why := parseLine(line)
		if long {
			why = fmt.Errorf("longer than %d bytes", lineBytes)
		}
		switch {
		case why != nil:
			bad = append(bad, badLine{number: number, text: quoted(line), why: why})
		case p.IsValid():
			prefixes = append(prefixes, p)
		}
		switch {
		case len(prefixes) > maxPrefixes:
			return nil, nil, errTooMany
		case len(bad) > maxBad:
			return nil, nil, errNoList
		}
		if last {
			return prefixes, bad, nil
		}
	}
}

// parseLine returns no prefix for an empty line or a comment.
func parseLine(line []byte) (netip.Prefix, error) {
	if at := bytes.IndexAny(line, "#;"); at >= 0 {
		line = line[:at]
	}
	text := string(bytes.TrimSpace(line))
	if text == "" {
		return netip.Prefix{}, nil
	}
	p, err := netip.ParsePrefix(text)
	if !strings.Contains(text, "/") {
		var a netip.Addr
		if a, err = netip.ParseAddr(text); err == nil {
			p = netip.PrefixFrom(a.WithZone(""), a.BitLen())
		}
	}
	if err != nil {
		return netip.Prefix{}, errors.New("neither an address nor a prefix")
	}
	return nft.Normalize(p)
}

// quoted is the beginning of a line as it can be shown on any terminal.
func quoted(line []byte) string {
	text := strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '?'
		}
		return r
	}, strings.TrimSpace(string(line[:min(len(line), maxQuoted)])))
	if len(line) > maxQuoted {
		text += "…"
	}
	return text
}
