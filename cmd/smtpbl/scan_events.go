package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"time"

	"github.com/smtpbl/smtpbl/cmd/smtpbl/internal/config"
	"github.com/smtpbl/smtpbl/policy"
)

// seen is one event as "scan --events" prints it.
type seen struct {
	Line      uint64     `json:"line"`
	Time      *time.Time `json:"time"`
	Service   string     `json:"service"`
	Protocol  string     `json:"protocol,omitempty"`
	Kind      string     `json:"kind"`
	Addr      string     `json:"addr"`
	User      string     `json:"user,omitempty"`
	Mechanism string     `json:"mechanism,omitempty"`
	Detail    string     `json:"detail,omitempty"`
}

// witness prints events as they come.
type witness struct {
	enc *json.Encoder
	err error // of the first event that could not be printed
}

func (w *witness) block(lines []uint64, events []policy.Event) {
	for i := range events {
		w.event(lines[i], &events[i])
	}
}

func (w *witness) event(line uint64, ev *policy.Event) {
	if ev.Kind == policy.BackendFault || w.err != nil {
		return
	}
	s := seen{
		Line: line, Service: ev.Service.String(), Kind: ev.Kind.String(), Addr: ev.Addr.String(),
		User: string(ev.User), Mechanism: string(ev.Mechanism), Detail: string(ev.Detail),
	}
	if ev.Protocol != 0 {
		s.Protocol = ev.Protocol.String()
	}
	if !ev.Time.IsZero() {
		s.Time = &ev.Time
	}
	w.err = w.enc.Encode(&s)
}

func (a *app) scanEvents(ctx context.Context, cfg config.Config, files []string) error {
	own, err := detectors(&cfg.Ingest)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(a.stdout)
	w := &witness{enc: json.NewEncoder(out)}
	w.enc.SetEscapeHTML(false)
	failed := a.eachLog(ctx, files, newScanner(parsers(), own, w.block), a.progress(true))
	return errors.Join(w.err, out.Flush(), failed)
}
