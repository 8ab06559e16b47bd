package lab

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/tls"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/textproto"
	"strings"
	"time"
)

// answerWait is how long the mail server may take for one answer.
var answerWait = Patience(10 * time.Second)

// The ports on which mail is submitted. Port 465 speaks TLS from the first
// byte, on port 587 the client asks for it.
const (
	PortSMTP       uint16 = 25
	PortSMTPS      uint16 = 465
	PortSubmission uint16 = 587
)

// Mechanisms are the SASL mechanisms that the mail server offers.
var Mechanisms = []string{"LOGIN", "PLAIN", "CRAM-MD5"}

// Code is an answer's number as RFC 5321 has it, such as 235 or 535.
type Code int

// The codes that tests ask for.
const (
	CodeAccepted  Code = 235 // login worked
	CodeTemporary Code = 454 // the server cannot tell whether it does
	CodeRefused   Code = 535 // wrong user or password
)

// Session is one SMTP connection, greeted and ready for AUTH.
type Session struct {
	raw  net.Conn // the TCP connection
	conn net.Conn // the same, or TLS over it
	text *textproto.Conn
	wait time.Duration // for one answer
}

// Connect opens a session from the host's address from to a mail port, with
// TLS on 465 and 587.
func (h *Host) Connect(from netip.Addr, port uint16) (*Session, error) {
	conn, err := h.Dial(from, port, answerWait)
	if err != nil {
		return nil, err
	}
	s, err := Greet(conn, port, answerWait)
	if err != nil {
		return nil, fmt.Errorf("greet port %d from %s: %w", port, from, err)
	}
	return s, nil
}

// Greet makes a session of a connection to a mail port, with TLS on 465 and 587;
// wait is for each of the server's answers. Where that fails, the connection is
// closed.
func Greet(conn net.Conn, port uint16, wait time.Duration) (*Session, error) {
	s := &Session{raw: conn, conn: conn, wait: wait}
	if err := s.greet(port); err != nil {
		_ = conn.Close()
		return nil, err
	}
	return s, nil
}

func (s *Session) greet(port uint16) error {
	if port == PortSMTPS {
		if err := s.secure(); err != nil {
			return err
		}
	}
	s.text = textproto.NewConn(s.conn)
	s.expectSoon()
	if _, _, err := s.text.ReadResponse(220); err != nil {
		return err
	}
	if err := s.hello(); err != nil || port != PortSubmission {
		return err
	}
	if _, err := s.command(220, "STARTTLS"); err != nil {
		return err
	}
	if err := s.secure(); err != nil {
		return err
	}
	s.text = textproto.NewConn(s.conn)
	return s.hello()
}

func (s *Session) hello() error {
	_, err := s.command(250, "EHLO client.example.test")
	return err
}

// secure starts TLS. Whose certificate it is does not matter here.
func (s *Session) secure() error {
	c := tls.Client(s.conn, &tls.Config{InsecureSkipVerify: true})
	s.expectSoon()
	if err := c.Handshake(); err != nil {
		return fmt.Errorf("start TLS: %w", err)
	}
	s.conn = c
	return nil
}

func (s *Session) expectSoon() {
	_ = s.conn.SetDeadline(time.Now().Add(s.wait)) // fails only on a closed one, like the next read
}

// command sends a line and reads the answer; a code other than want is an
// error of type *textproto.Error.
func (s *Session) command(want int, line string) (string, error) {
	s.expectSoon()
	if err := s.text.PrintfLine("%s", line); err != nil {
		return "", err
	}
	_, answer, err := s.text.ReadResponse(want)
	return answer, err
}

// Auth tries one login and returns the final answer's code. That the server
// refuses is no error; that the connection breaks is.
func (s *Session) Auth(mechanism, user, password string) (Code, error) {
	line, answers := "AUTH "+mechanism, []func(string) string(nil)
	switch mechanism {
	case "PLAIN":
		line += " " + b64("\x00"+user+"\x00"+password)
	case "LOGIN":
		answers = append(answers,
			func(string) string { return user }, func(string) string { return password })
	case "CRAM-MD5":
		answers = append(answers, func(challenge string) string { return cramMD5(challenge, user, password) })
	}
	for _, answer := range answers {
		challenge, err := s.command(334, line)
		if err != nil {
			return code(err)
		}
		plain, err := base64.StdEncoding.DecodeString(challenge)
		if err != nil {
			return 0, fmt.Errorf("decode the challenge %q: %w", challenge, err)
		}
		line = b64(answer(string(plain)))
	}
	if _, err := s.command(int(CodeAccepted), line); err != nil {
		return code(err)
	}
	return CodeAccepted, nil
}

// code takes the server's answer out of an error.
func code(err error) (Code, error) {
	if refused, ok := errors.AsType[*textproto.Error](err); ok {
		return Code(refused.Code), nil
	}
	return 0, err
}

func b64(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) }

// cramMD5 answers a challenge as RFC 2195 says.
func cramMD5(challenge, user, password string) string {
	mac := hmac.New(md5.New, []byte(password))
	mac.Write([]byte(challenge))
	return user + " " + hex.EncodeToString(mac.Sum(nil))
}

// Send submits a short mail; only then does Postfix log who is logged in.
func (s *Session) Send(sender, recipient string) error {
	for _, step := range []struct {
		want int
		line string
	}{
		{250, "MAIL FROM:<" + sender + ">"},
		{250, "RCPT TO:<" + recipient + ">"},
		{354, "DATA"},
		{250, "Subject: laboratory\r\n\r\nHello.\r\n."},
	} {
		if _, err := s.command(step.want, step.line); err != nil {
			return fmt.Errorf("submit a mail: %w", err)
		}
	}
	return nil
}

// Submit logs in and submits a mail in a session of its own.
func (h *Host) Submit(from netip.Addr, port uint16, mechanism, user string) error {
	s, err := h.Connect(from, port)
	if err != nil {
		return err
	}
	defer s.close()
	c, err := s.Auth(mechanism, user, Users[user])
	if err != nil {
		return err
	}
	if c != CodeAccepted {
		return fmt.Errorf("log in as %s from %s on port %d: answer %d", user, from, port, c)
	}
	return s.Send(user+"@"+HostName, "postmaster@"+HostName)
}

// Quit ends the session as a client should.
func (s *Session) Quit() error {
	_, err := s.command(221, "QUIT")
	return errors.Join(err, s.conn.Close())
}

// Abort ends the session at once and for good: the client's kernel forgets
// it and repeats nothing.
func (s *Session) Abort() error {
	if tcp, ok := s.raw.(*net.TCPConn); ok {
		if err := tcp.SetLinger(0); err != nil {
			return fmt.Errorf("abort a session: %w", err)
		}
	}
	return s.raw.Close()
}

// Login tries one login in a session of its own.
func (h *Host) Login(from netip.Addr, port uint16, mechanism, user, password string) (Code, error) {
	s, err := h.Connect(from, port)
	if err != nil {
		return 0, err
	}
	c, err := s.Auth(mechanism, user, password)
	// The connection may break on the way out: what was asked was answered.
	s.close()
	return c, err
}

// close ends the session politely, if the other side still listens, but
// without waiting.
func (s *Session) close() {
	_ = s.text.PrintfLine("QUIT")
	_ = s.conn.Close()
}

// Greeting connects and returns the first line that the server says.
func (h *Host) Greeting(from netip.Addr, port uint16, within time.Duration) (string, error) {
	conn, err := h.Dial(from, port, within)
	if err != nil {
		return "", err
	}
	defer func() { _ = conn.Close() }()
	if err = conn.SetDeadline(time.Now().Add(answerWait)); err != nil {
		return "", err
	}
	line, err := textproto.NewConn(conn).ReadLine()
	return strings.TrimSpace(line), err
}
