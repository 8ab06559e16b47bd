package authpolicy

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"github.com/smtpbl/smtpbl/ingest"
	"github.com/smtpbl/smtpbl/policy"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const (
	key = "0123456789abcdef"
	// deadline bounds every wait of the tests; it is only reached by a failure.
	deadline = 20 * time.Second
)

var banned = netip.MustParseAddr("203.0.113.9")

// running is a Server with its goroutine and a client.
type running struct {
	*Server
	client *http.Client
	events chan policy.Event
}

// run starts a Server. What cfg leaves open is filled in: banned is refused,
// and reports go to events.
func run(t *testing.T, cfg Config) *running {
	t.Helper()
	r := &running{events: make(chan policy.Event, 1<<16)}
	cfg.Listen, cfg.Key = "127.0.0.1:0", key
	if cfg.Refuse == nil {
		cfg.Refuse = func(_ context.Context, addr netip.Addr) bool { return addr == banned }
	}
	if cfg.Report == nil {
		cfg.Report = func(_ context.Context, ev *policy.Event) { r.events <- *ev }
	}
	cfg.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	s, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	r.Server = s
	transport := &http.Transport{MaxConnsPerHost: 1000, MaxIdleConnsPerHost: 1000}
	r.client = &http.Client{Transport: transport, Timeout: deadline}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Run(ctx) }()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("Run: %v", err)
		}
	})
	select {
	case <-s.Ready():
	case err := <-ended:
		t.Fatalf("Run: %v", err)
	}
	return r
}

// ask sends a request with the key and returns status and answer.
func (r *running) ask(command, body string) (status int, answer string, err error) {
	return r.send(http.MethodPost, command, body, func(h http.Header) { h.Set("X-API-Key", key) })
}

func (r *running) send(method, command, body string, header func(http.Header)) (status int, answer string, err error) {
	req, err := http.NewRequest(method, "http://"+r.bound.String()+"/?command="+command, strings.NewReader(body))
	if err != nil {
		return 0, "", err
	}
	header(req.Header)
	resp, err := r.client.Do(req)
	if err != nil {
		return 0, "", err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text), err
}

// want asks and compares.
func (r *running) want(t *testing.T, command, body string, status int, answer string) {
	t.Helper()
	gotStatus, got, err := r.ask(command, body)
	if err != nil || gotStatus != status || got != answer {
		t.Errorf("%s %.80s: %d %q, %v; want %d %q", command, body, gotStatus, got, err, status, answer)
	}
}

// wantStats compares the counters, which are right once a request is answered.
func (r *running) wantStats(t *testing.T, want ingest.Stats) {
	t.Helper()
	if diff := cmp.Diff(want, r.Stats(), cmpopts.IgnoreFields(ingest.Stats{}, "LastLine", "Bytes")); diff != "" {
		t.Errorf("counters (-want +got):\n%s", diff)
	}
}

func (r *running) event(t *testing.T) policy.Event {
	t.Helper()
	select {
	case ev := <-r.events:
		return ev
	case <-time.After(deadline):
		t.Fatal("no event came")
		return policy.Event{}
	}
}

func TestAllow(t *testing.T) {
	r := run(t, Config{})
	r.want(t, "allow", `{"login":"alice","remote":"192.0.2.7"}`, http.StatusOK, `{"status":0,"msg":""}`)
	r.want(t, "allow", `{"login":"alice","remote":"203.0.113.9"}`, http.StatusOK, `{"status":-1,"msg":"too many failed logins"}`)
	r.want(t, "allow", `{"login":"alice","remote":"::ffff:203.0.113.9"}`, http.StatusOK, `{"status":-1,"msg":"too many failed logins"}`)
	r.want(t, "allow", `{"login":"alice","remote":""}`, http.StatusOK, `{"status":0,"msg":""}`)
	r.wantStats(t, ingest.Stats{Lines: 4})
}

func TestReportArrives(t *testing.T) {
	now := time.Date(2026, 11, 24, 1, 0, 0, 0, time.UTC)
	r := run(t, Config{Now: func() time.Time { return now }})
	r.want(t, "report", v23+`"success":false,"policy_reject":true,"tls":false}`, http.StatusOK, goOn)
	r.want(t, "report", v23+`"success":false,"policy_reject":false,"tls":false}`, http.StatusOK, goOn)
	ev := r.event(t)
	if ev.Kind != policy.AuthFail || string(ev.User) != "alice" || !ev.Time.Equal(now) {
		t.Errorf("event %+v", ev)
	}
	r.wantStats(t, ingest.Stats{Lines: 2})
	if got := r.Stats().LastLine; !got.Equal(now) {
		t.Errorf("last request at %v, want %v", got, now)
	}
}

func TestGarbage(t *testing.T) {
	r := run(t, Config{})
	bad := []struct{ command, body string }{
		{"allow", ""},
		{"allow", "{"},
		{"allow", `[]`},
		{"allow", `{"remote":7}`},
		{"allow", `{"remote":"192.0.2.7.8"}`},
		{"report", `{"remote":"192.0.2.7","success":"no"}`},
		{"report", `{"remote":"192.0.2.7"}`},
		{"", `{"remote":"192.0.2.7"}`},
		{"ban", `{"remote":"192.0.2.7"}`},
		{"allow", `{"remote":"` + strings.Repeat("1", maxBody) + `"}`},
		{"allow", strings.Repeat("[", maxBody-1)},
	}
	for _, test := range bad {
		r.want(t, test.command, test.body, http.StatusBadRequest, "Bad Request\n")
	}
	r.wantStats(t, ingest.Stats{Lines: uint64(len(bad)), Refused: uint64(len(bad))})
	r.want(t, "allow", `{"remote":"192.0.2.7"}`, http.StatusOK, goOn)
}

func TestKey(t *testing.T) {
	r := run(t, Config{})
	tests := []struct {
		name   string
		method string
		header func(http.Header)
		want   int
	}{
		{"none", http.MethodPost, func(http.Header) {}, http.StatusUnauthorized},
		{"another", http.MethodPost, func(h http.Header) { h.Set("X-API-Key", key[1:]+"0") }, http.StatusUnauthorized},
		{"a part", http.MethodPost, func(h http.Header) { h.Set("X-API-Key", key[1:]) }, http.StatusUnauthorized},
		{"right", http.MethodPost, func(h http.Header) { h.Set("X-API-Key", " "+key) }, http.StatusOK},
		{"basic", http.MethodPost, func(h http.Header) { h.Set("Authorization", "Basic eDowMTIzNDU2Nzg5YWJjZGVm") }, http.StatusOK},
		{"basic, another", http.MethodPost, func(h http.Header) { h.Set("Authorization", "Basic eDp5") }, http.StatusUnauthorized},
		{"right, GET", http.MethodGet, func(h http.Header) { h.Set("X-API-Key", key) }, http.StatusMethodNotAllowed},
	}
	refused := uint64(0)
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			status, _, err := r.send(test.method, "report", v23+`"success":false}`, test.header)
			if err != nil || status != test.want {
				t.Errorf("status %d, %v; want %d", status, err, test.want)
			}
		})
		if test.want != http.StatusOK {
			refused++
		}
	}
	r.wantStats(t, ingest.Stats{Lines: uint64(len(tests)), Refused: refused})
}

// An Engine that never answers locks nobody out.
func TestRefuseHangs(t *testing.T) {
	hang := make(chan struct{})
	r := run(t, Config{Refuse: func(context.Context, netip.Addr) bool { <-hang; return true }})
	defer close(hang)
	begun := time.Now()
	r.want(t, "allow", `{"remote":"203.0.113.9"}`, http.StatusOK, goOn)
	if d := time.Since(begun); d < quickly || d > deadline/2 {
		t.Errorf("answered after %v", d)
	}
	for range cap(r.asking) - 1 {
		r.asking <- struct{}{} // all the others hang as well
	}
	r.want(t, "allow", `{"remote":"203.0.113.9"}`, http.StatusOK, goOn)
	r.wantStats(t, ingest.Stats{Lines: 2, Errors: 2})
}

// Reports that nobody takes are dropped, and Dovecot is answered all the same.
func TestReportHangs(t *testing.T) {
	taken := make(chan struct{}, 1)
	r := run(t, Config{Report: func(ctx context.Context, _ *policy.Event) {
		select {
		case taken <- struct{}{}:
		default:
		}
		<-ctx.Done()
	}})
	r.want(t, "report", v23+`"success":false}`, http.StatusOK, goOn)
	<-taken
	for range cap(r.reports) {
		r.reports <- policy.Event{}
	}
	r.want(t, "report", v23+`"success":false}`, http.StatusOK, goOn)
	r.wantStats(t, ingest.Stats{Lines: 2, Dropped: 1})
}

func TestTenThousandAtOnce(t *testing.T) {
	var asked atomic.Int64
	r := run(t, Config{Refuse: func(context.Context, netip.Addr) bool { asked.Add(1); return false }})
	const each = 5000
	var group sync.WaitGroup
	for i := range 2 * each {
		group.Go(func() {
			command, body := "allow", `{"remote":"192.0.2.7"}`
			if i%2 == 0 {
				command, body = "report", fmt.Sprintf(`{"remote":"198.51.100.%d","login":"u%d","pwhash":"0a","success":false}`, i%250, i)
			}
			if status, answer, err := r.ask(command, body); err != nil || status != http.StatusOK || answer != goOn {
				t.Errorf("%s: %d %q, %v", command, status, answer, err)
			}
		})
	}
	group.Wait()
	for range each {
		r.event(t)
	}
	if asked.Load() != each {
		t.Errorf("asked %d times, want %d", asked.Load(), each)
	}
	r.wantStats(t, ingest.Stats{Lines: 2 * each})
}

// Clients that open connections and say nothing, or say it slowly, are cut
// off and keep nobody else out for good.
func TestSlowClients(t *testing.T) {
	r := run(t, Config{})
	for i := range maxConns + 10 {
		conn, err := net.Dial("tcp", r.bound.String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if i%2 == 0 {
			_, _ = fmt.Fprintf(conn, "POST /?command=allow HTTP/1.1\r\nHost: a\r\nX-API-Key: %s\r\nContent-Length: 100\r\n\r\n{", key)
		}
	}
	r.want(t, "allow", `{"remote":"203.0.113.9"}`, http.StatusOK, refusal)
}

func TestNew(t *testing.T) {
	tests := []struct{ listen, key, want string }{
		{"127.0.0.1:9726", key, ""},
		{"[::1]:9726", key, ""},
		{"localhost:9726", key, "listener"},
		{"127.0.0.1", key, "listener"},
		{"127.0.0.1:9726", key[1:], "16 are needed"},
		{"127.0.0.1:9726", "", "16 are needed"},
	}
	for _, test := range tests {
		_, err := New(Config{Listen: test.listen, Key: test.key})
		if (err != nil) != (test.want != "") || err != nil && !strings.Contains(err.Error(), test.want) {
			t.Errorf("%q, %q: %v, want %q", test.listen, test.key, err, test.want)
		}
	}
}

func TestCannotListen(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	s, err := New(Config{Listen: l.Addr().String(), Key: key})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Run(t.Context()); err == nil {
		t.Error("ran on an address that is taken")
	}
}
