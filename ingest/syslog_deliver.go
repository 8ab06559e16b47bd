package ingest

import (
	"bytes"
	"context"
)

// deliver hands what is in the inbox to h until ctx ends.
func (s *Syslog) deliver(ctx context.Context, h Handler) {
	var got mail
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.inbox.wake:
		}
		got = s.inbox.empty(got)
		s.hand(&got, h)
		h.Done(Position{Source: SyslogSource})
	}
}

// hand takes the messages apart and gives them to h.
func (s *Syslog) hand(got *mail, h Handler) {
	var message syslogMessage
	line := Line{Live: true}
	start := 0
	for _, m := range got.marks {
		text := got.data[start:m.end]
		start = m.end
		flatten(text)
		if !message.decode(text) {
			s.stats.refused.Add(1)
			continue
		}
		s.noticeCutName(&message, text)
		line.Text, line.Tag, line.PID, line.Arrival = message.text, message.tag, message.pid, m.at
		if s.cfg.Stamp != nil {
			line.Stamp, _ = s.cfg.Stamp(message.stamp, m.at, s.cfg.Location)
		}
		h.Line(&line)
		s.stats.lines.Add(1)
		s.stats.bytes.Add(uint64(len(text)))
		s.stats.lastLine.Store(m.at.UnixNano())
	}
}

// flatten puts blanks for line ends inside a message, so that its second line
// cannot pass for a message; decode trims those at its end.
func flatten(message []byte) {
	rest := bytes.TrimRight(message, "\r\n\x00")
	for i := bytes.IndexByte(rest, '\n'); i >= 0; i = bytes.IndexByte(rest, '\n') {
		rest[i] = ' '
		rest = rest[i+1:]
	}
}

// noticeCutName tells once how to keep rsyslog from cutting "postfix/smtpd" at
// the slash, which leaves nobody to know who speaks: it does so in the
// templates of RFC 5424 (parser.permitSlashInProgramName is off by default).
func (s *Syslog) noticeCutName(m *syslogMessage, message []byte) {
	const head = len("<191>1 ")
	if string(m.tag) != "postfix" || !bytes.Contains(message[:min(len(message), head)], []byte(">1 ")) {
		return
	}
	s.cutName.Do(func() {
		s.cfg.Logger.Warn("the syslog daemon cuts \"postfix/smtpd\" to \"postfix\", so that its lines cannot be read: set global(parser.permitSlashInProgramName=\"on\") in rsyslog.conf, or forward with RSYSLOG_ForwardFormat")
	})
}
