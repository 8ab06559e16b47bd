package ufw

import (
	"math"
	"slices"
	"strconv"
	"strings"
)

// savedMarks finds the rules in the output of iptables-save that use marks,
// our own chains apart.
func (f family) savedMarks(program, text string) []Conflict {
	var found []Conflict
	table := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if name, ok := strings.CutPrefix(line, "*"); ok {
			table = name
			continue
		}
		r, err := parseRule(line)
		if err != nil || r.chain() == "" || r.chain() == f.chain {
			continue
		}
		if used := r.markBits(); used != 0 {
			found = append(found, Conflict{Where: program + ", table " + table + ", chain " + r.chain(), Rule: line, Bits: used})
		}
	}
	return found
}

// markOptions are the options of the matches mark and connmark and of the
// targets MARK, CONNMARK and TPROXY that take value/mask. Without a mask it is
// all bits.
var markOptions = []string{
	"--mark", "--set-mark", "--set-xmark", "--tproxy-mark",
}

// maskOptions take a mask alone.
var maskOptions = []string{"--mask", "--nfmask", "--ctmask"}

// valueOptions change the bits of a value; --and-mark those that it lacks.
var valueOptions = []string{"--or-mark", "--xor-mark"}

// markBits returns the bits of marks that a rule sets or reads.
func (r rule) markBits() uint32 {
	var used uint32
	masked := false
	for i, word := range r {
		next := ""
		if i+1 < len(r) {
			next = r[i+1]
		}
		switch {
		case slices.Contains(markOptions, word):
			used |= slashMask(next)
		case slices.Contains(maskOptions, word):
			masked = true
			used |= number(next)
		case slices.Contains(valueOptions, word):
			used |= number(next)
		case word == "--and-mark":
			used |= ^number(next)
		}
	}
	copies := slices.Contains(r, "--save-mark") || slices.Contains(r, "--restore-mark")
	if copies && !masked {
		return math.MaxUint32
	}
	return used
}

// slashMask is the mask of value/mask.
func slashMask(text string) uint32 {
	_, mask, found := strings.Cut(text, "/")
	if !found {
		return math.MaxUint32
	}
	return number(mask)
}

// number reads a number; what is none counts as all bits, because a use that is
// not understood must not be overlooked.
func number(text string) uint32 {
	n, err := strconv.ParseUint(text, 0, 32)
	if err != nil {
		return math.MaxUint32
	}
	return uint32(n)
}
