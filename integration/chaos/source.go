package main

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/smtpbl/smtpbl/integration/chaos/traffic"
)

// source is an address that sends, and what must become of its packets.
type source struct {
	number   int
	addr     netip.Addr
	timeline timeline
	broken   *violation // the last promise that was broken to it
}

// history tells the turns of the address, for whoever searches for a fault.
func (s *source) history() string {
	turns := make([]string, len(s.timeline))
	for i, t := range s.timeline {
		turns[i] = fmt.Sprintf("%s from %v", t.to, t.at.Round(time.Millisecond))
	}
	return strings.Join(turns, ", ")
}

// sources are all addresses of a campaign, by number.
type sources struct {
	machine *traffic.Machine
	all     []*source
	sending map[int]traffic.Source
}

func newSources(m *traffic.Machine) *sources {
	return &sources{machine: m, sending: map[int]traffic.Source{}}
}

func (s *sources) get(number int) *source { return s.all[number] }

// begin makes addresses send. What becomes of them is known from then on.
func (s *sources) begin(must verdict, addrs ...netip.Addr) []*source {
	now := s.machine.Now()
	made := make([]*source, len(addrs))
	for i, addr := range addrs {
		made[i] = &source{number: len(s.all), addr: addr, timeline: timeline{{now, must}}}
		s.all = append(s.all, made[i])
		s.sending[made[i].number] = traffic.Source{Number: made[i].number, Addr: addr}
	}
	s.aim()
	return made
}

// end makes addresses silent.
func (s *sources) end(which ...*source) {
	for _, w := range which {
		delete(s.sending, w.number)
	}
	s.aim()
}

func (s *sources) aim() {
	list := make([]traffic.Source, 0, len(s.sending))
	for _, t := range s.sending {
		list = append(list, t)
	}
	s.machine.Aim(list)
}

// excuse puts off what every address is owed; see timeline.excuse.
func (s *sources) excuse(down, up, grace time.Duration) {
	for number := range s.sending {
		s.all[number].timeline.excuse(down, up, grace)
	}
}
