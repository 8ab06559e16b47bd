package ufw

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// The lines around the block. What follows the colon's word may change; the
// beginnings are how a block is found.
const (
	beginMark = "# smtpbl harness: begin"
	endMark   = "# smtpbl harness: end"
	beginLine = beginMark + ` ("smtpbl harness remove" takes these lines out)`
)

// maxPorts is how many ports one multiport match takes (XT_MULTI_PORTS in
// linux/netfilter/xt_multiport.h).
const maxPorts = 15

// Spec is what the harness does.
type Spec struct {
	Ports []uint16 // TCP ports whose packets are marked
	Mark  Mark
}

// Mark is a packet mark and the bits of it that belong to the harness.
type Mark struct{ Value, Mask uint32 }

// String writes the mark as iptables does.
func (m Mark) String() string { return fmt.Sprintf("%#x/%#x", m.Value, m.Mask) }

// normal sorts the ports, so that the same ports always make the same block.
func (s Spec) normal() Spec {
	s.Ports = slices.Compact(slices.Sorted(slices.Values(s.Ports)))
	return s
}

// block is the text that stands in the file of a family.
func (f family) block(s Spec) string {
	return beginLine + "\n:" + f.chain + " - [0:0]\n" + strings.Join(append(f.jumps(s), f.markRule(s)), "\n") + "\n" + endMark + "\n"
}

// jumps are the rules that lead to our chain.
func (f family) jumps(s Spec) []string {
	var rules []string
	for ports := range slices.Chunk(s.normal().Ports, maxPorts) {
		rules = append(rules, f.jumpRule(ports))
	}
	return rules
}

func (f family) jumpRule(ports []uint16) string {
	texts := make([]string, 0, len(ports))
	for _, port := range ports {
		texts = append(texts, strconv.Itoa(int(port)))
	}
	return "-A " + f.input + " -p tcp -m multiport --dports " + strings.Join(texts, ",") + " -j " + f.chain
}

func (f family) markRule(s Spec) string {
	return "-A " + f.chain + " -j MARK --set-xmark " + s.Mark.String()
}

// wrote tells whether a block is as some Spec makes it: what was read from it,
// written again, is the same text. Anything else was edited by hand.
func (f family) wrote(text string) bool {
	var s Spec
	for line := range strings.Lines(text) {
		r, err := parseRule(line)
		if err != nil {
			return false
		}
		if ports, ok := r.jumpPorts(f); ok {
			s.Ports = append(s.Ports, ports...)
		}
		if r.chain() == f.chain {
			s.Mark = readMark(r.value("--set-xmark"))
		}
	}
	return f.block(s) == text
}

// readMark reads value/mask; what is none is the mark 0/0, which no harness has.
func readMark(text string) Mark {
	value, mask, _ := strings.Cut(text, "/")
	v, err1 := strconv.ParseUint(value, 0, 32)
	m, err2 := strconv.ParseUint(mask, 0, 32)
	if err1 != nil || err2 != nil {
		return Mark{}
	}
	return Mark{Value: uint32(v), Mask: uint32(m)}
}
