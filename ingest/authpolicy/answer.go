package authpolicy

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"time"

	"github.com/smtpbl/smtpbl/policy"
)

// The answers of the protocol. Status 0 lets the login go on, -1 refuses it.
const (
	goOn    = `{"status":0,"msg":""}`
	refusal = `{"status":-1,"msg":"too many failed logins"}`
)

// quickly is how long Refuse may take. Dovecot waits 2 s for an answer
// (auth_policy_server_timeout_msecs).
const quickly = time.Second

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	now := s.cfg.Now()
	s.stats.requests.Add(1)
	s.stats.last.Store(now.UnixNano())
	if s.conns.crowded() {
		w.Header().Set("Connection", "close")
	}
	body, fault := s.read(w, r)
	if fault != 0 {
		w.Header().Set("Connection", "close")
		s.stats.refused.Add(1)
		http.Error(w, http.StatusText(fault), fault)
		return
	}
	s.stats.bytes.Add(uint64(len(body)))
	answer, err := s.answer(r.Context(), r.URL.Query().Get("command"), body, now)
	if err != nil {
		s.stats.refused.Add(1)
		s.odd.Do(func() {
			s.cfg.Logger.Warn("a policy request cannot be read; such requests are counted as refused", "err", err)
		})
		http.Error(w, http.StatusText(http.StatusBadRequest), http.StatusBadRequest)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, answer) // a client that has gone needs no answer
}

// read returns the body of a request that may be made, or else the status
// that tells why not.
func (s *Server) read(w http.ResponseWriter, r *http.Request) (body []byte, fault int) {
	if !s.hasKey(r) {
		s.stranger.Do(func() {
			s.cfg.Logger.Warn("a policy request without the right key is refused; such requests are counted", "peer", r.RemoteAddr)
		})
		return nil, http.StatusUnauthorized
	}
	if r.Method != http.MethodPost {
		return nil, http.StatusMethodNotAllowed
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, http.StatusBadRequest
	}
	return body, 0
}

// hasKey looks for the key in X-API-Key, where a plain
// auth_policy_server_api_header puts it, and in the password of basic
// authentication, where that of auth_policy_server_url goes. The time it takes
// tells nothing of the key.
func (s *Server) hasKey(r *http.Request) bool {
	given := strings.TrimSpace(r.Header.Get("X-API-Key"))
	if _, password, ok := r.BasicAuth(); ok {
		given = password
	}
	sum := sha256.Sum256([]byte(given))
	return subtle.ConstantTimeCompare(sum[:], s.key[:]) == 1
}

// answer carries out a command.
func (s *Server) answer(ctx context.Context, command string, body []byte, now time.Time) (string, error) {
	var r request
	if err := r.decode(body); err != nil {
		return "", err
	}
	switch command {
	case "allow":
		if r.addr.IsValid() && s.refuses(ctx, r.addr) {
			return refusal, nil
		}
		return goOn, nil
	case "report":
		return goOn, s.report(&r, now)
	}
	return "", errCommand
}

// report takes a report in, and never waits.
func (s *Server) report(r *request, now time.Time) error {
	ev := policy.Event{}
	ok, err := r.event(&ev)
	if !ok || err != nil {
		return err
	}
	ev.Time = now
	select {
	case s.reports <- ev:
	default:
		s.stats.dropped.Add(1)
	}
	return nil
}

// refuses asks Refuse, and lets the login go on when that takes too long: a
// service that is busy must lock nobody out.
func (s *Server) refuses(ctx context.Context, addr netip.Addr) bool {
	select {
	case s.asking <- struct{}{}:
	default: // as many calls as there can be connections never came back
		s.stats.errors.Add(1)
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, quickly)
	defer cancel()
	said := make(chan bool, 1)
	go func() {
		said <- s.cfg.Refuse(ctx, addr)
		<-s.asking
	}()
	select {
	case refused := <-said:
		return refused
	case <-ctx.Done():
		s.stats.errors.Add(1)
		return false
	}
}
