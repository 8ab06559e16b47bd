package parse

import (
	"errors"
	"fmt"
	"regexp/syntax"
	"slices"
)

// addrGroup names the group that holds the client's address.
const addrGroup = "addr"

// checkPattern refuses patterns with which a client could choose whose address
// is taken. It cannot know what of a line is a client's text, so it asks for
// two things. The pattern begins with ^: else any text within the line is a
// beginning. And no ".*" stands before the address, for a user name can hold
// all that follows there, another's address too; unless the pattern goes on
// from the address to the line's end, $, without anything of free length: then
// the last place is taken, which is the server's.
func checkPattern(pattern string) error {
	re, err := syntax.Parse(pattern, syntax.Perl)
	if err != nil {
		return fmt.Errorf("read its pattern: %w", err)
	}
	if !begins(re) {
		return errors.New("its pattern does not begin with ^: write ^ and then what the server itself writes first, in ^(?:…|…) where there are several")
	}
	var p patternParts
	p.look(re)
	switch {
	case p.groups == 0:
		return errors.New("its pattern has no group for the address: write (?P<addr>[0-9a-f.:]+) where it stands")
	case p.groups > 1:
		return errors.New("its pattern has several groups named addr: write two detectors")
	case p.anyBefore && (p.freeAfter || !ends(re)):
		return errors.New(`its pattern has ".*" before the address, where a client could put another's: ` +
			`write which characters may be there, such as [^ ]*, or end the pattern with $ and nothing of free length between`)
	}
	return nil
}

// patternParts is what checkPattern asks of the parts of a pattern, in order.
type patternParts struct {
	groups    int  // named addr
	anyBefore bool // "." repeated before the address
	freeAfter bool // anything repeated without limit behind it
}

func (p *patternParts) look(re *syntax.Regexp) {
	repeated := re.Op == syntax.OpStar || re.Op == syntax.OpPlus || re.Op == syntax.OpRepeat
	switch {
	case re.Op == syntax.OpCapture && re.Name == addrGroup:
		p.groups++
		return
	case repeated && p.groups == 0:
		p.anyBefore = p.anyBefore || matchesAny(re.Sub[0])
	case repeated && (re.Op != syntax.OpRepeat || re.Max < 0):
		p.freeAfter = true
	}
	for _, sub := range re.Sub {
		p.look(sub)
	}
}

// matchesAny tells whether a part of re takes any printable character.
func matchesAny(re *syntax.Regexp) bool {
	if re.Op == syntax.OpAnyChar || re.Op == syntax.OpAnyCharNotNL {
		return true
	}
	if re.Op == syntax.OpCharClass {
		for i := 0; i < len(re.Rune); i += 2 {
			if re.Rune[i] <= ' ' && re.Rune[i+1] >= '~' {
				return true
			}
		}
	}
	return slices.ContainsFunc(re.Sub, matchesAny)
}

// begins tells whether re matches at the text's start only.
func begins(re *syntax.Regexp) bool {
	if re.Op == syntax.OpConcat || re.Op == syntax.OpCapture {
		return begins(re.Sub[0])
	}
	return re.Op == syntax.OpBeginText
}

// ends tells whether re matches up to the text's end only.
func ends(re *syntax.Regexp) bool {
	if re.Op == syntax.OpConcat || re.Op == syntax.OpCapture {
		return ends(re.Sub[len(re.Sub)-1])
	}
	return re.Op == syntax.OpEndText
}
