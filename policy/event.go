package policy

import (
	"net/netip"
	"time"
)

// Kind says what one log line tells about its client.
type Kind uint8

// The kinds of events. The zero Kind is no event.
const (
	// AuthFail is a login that failed because of what the client sent.
	AuthFail Kind = iota + 1
	// AuthOK is a login that worked.
	AuthOK
	// Abuse is misbehaviour other than a failed login; counted, never banned for.
	Abuse
	// Session is a summary at a connection's end, such as Postfix's
	// "disconnect from … auth=0/2". It counts only what was not seen before.
	Session
	// BackendFault is a login that failed because our own authentication
	// backend did not answer: no attack, and not listed by "scan --events".
	BackendFault
)

// String returns the name used in JSON and in metric labels.
func (k Kind) String() string {
	switch k {
	case AuthFail:
		return "auth_fail"
	case AuthOK:
		return "auth_ok"
	case Abuse:
		return "abuse"
	case Session:
		return "session"
	case BackendFault:
		return "backend_fault"
	}
	return "none"
}

// Service is the program family that wrote a line.
type Service uint8

// The services. The zero Service is unknown.
const (
	Postfix Service = iota + 1
	Dovecot
	Exim
	Sendmail
	OpenSMTPD
	Courier
	Cyrus
	// Saslauthd is Cyrus SASL's password daemon, which serves several of the others.
	Saslauthd
	// Qmail is qmail with vpopmail and its other patches.
	Qmail
	// UWIMAP is the University of Washington's imapd and ipop3d.
	UWIMAP
	// PAM is any program that lets PAM check passwords and tells the client's host.
	PAM
	// Detector is a pattern that the administrator wrote.
	Detector
)

var serviceNames = [...]string{
	Postfix: "postfix", Dovecot: "dovecot", Exim: "exim", Sendmail: "sendmail", OpenSMTPD: "opensmtpd",
	Courier: "courier", Cyrus: "cyrus", Saslauthd: "saslauthd", Qmail: "qmail", UWIMAP: "uwimap", PAM: "pam",
	Detector: "detector",
}

// Services lists every known service, for metrics that start at zero.
var Services = []Service{
	Postfix, Dovecot, Exim, Sendmail, OpenSMTPD, Courier, Cyrus, Saslauthd, Qmail, UWIMAP, PAM, Detector,
}

// Kinds lists every kind, for metrics that start at zero.
var Kinds = []Kind{AuthFail, AuthOK, Abuse, Session, BackendFault}

// String returns the name used in JSON and in metric labels.
func (s Service) String() string {
	if int(s) < len(serviceNames) && s > 0 {
		return serviceNames[s]
	}
	return "unknown"
}

// Witness is a bit for the part of the mail system that reported a login.
// Each witness reports one attempt at most once, so reports of different
// witnesses may be the same attempt and reports of one witness never are.
type Witness uint16

// The witnesses. Dovecot's auth process gets one bit for each password
// database, because with several of them each miss is logged, even when a
// later database lets the user in.
const (
	// WitnessMTA is the mail server's own line (Postfix smtpd).
	WitnessMTA Witness = 1 << iota
	// WitnessLogin is a Dovecot login process (imap-login, submission-login …).
	WitnessLogin
	// WitnessAuth is the first of the bits for Dovecot's auth process; all
	// higher bits but those below are of the same class.
	WitnessAuth
	// WitnessPAM is a PAM module that tells the client's host.
	WitnessPAM Witness = 1 << 14
	// WitnessPolicy is a report of Dovecot's auth policy protocol, which
	// speaks of the attempt as a whole.
	WitnessPolicy Witness = 1 << 15
)

// Protocol is what a client spoke when it tried to log in.
type Protocol uint8

// The protocols. The zero Protocol is unknown.
const (
	SMTP Protocol = iota + 1 // and submission, with or without TLS
	IMAP
	POP3
	Sieve // ManageSieve, RFC 5804
)

var protocolNames = [...]string{SMTP: "smtp", IMAP: "imap", POP3: "pop3", Sieve: "sieve"}

// Protocols lists every known protocol, for metrics that start at zero.
var Protocols = []Protocol{SMTP, IMAP, POP3, Sieve}

// String returns the name used in JSON and in metric labels.
func (p Protocol) String() string {
	if int(p) < len(protocolNames) && p > 0 {
		return protocolNames[p]
	}
	return "unknown"
}

// Event is what a parser makes of one log line. The byte slices alias the
// line's buffer: whoever keeps an Event beyond the next line clones it.
type Event struct {
	// Time is the arrival time of a live line (with its monotonic reading) or
	// the line's own stamp for history.
	Time time.Time
	// Addr is the client: always valid, unmapped and without a zone.
	Addr netip.Addr
	Kind Kind
	// Service is the program family that wrote the line.
	Service Service
	// Protocol is what the client spoke; zero where the line does not tell.
	Protocol Protocol
	// Witness is the one bit of who reports; zero for Abuse.
	Witness Witness
	// Session identifies the connection in the log (a hash of program tag,
	// process id or session id), 0 where the line does not tell.
	Session uint64
	// Failures is how many failed attempts the line stands for: 1 for an
	// ordinary AuthFail, N for "auth failed, N attempts", N for "auth=0/N".
	Failures int
	// Successes is how many logins a Session summary reports as accepted.
	Successes int
	// Excused is how many failures that the session's summary will report
	// are no guess: our backend's fault, or an attempt the client aborted.
	Excused int
	// Unproven says of a BackendFault that the client may have brought it about:
	// it is no failure, but tells nothing of an outage.
	Unproven bool
	// Unnamed is how many of Failures may be of other users than User, who is
	// that of the last one only.
	Unnamed int
	// Span is how long before Time the reported attempts may have been made.
	Span time.Duration
	// Password stands for the password that was tried, where the source tells
	// a hash of it: equal numbers of one user are the same password. 0 is unknown.
	Password uint32
	// User is the login name as the client gave it, nil where unknown.
	User []byte
	// Mechanism is the SASL mechanism as the server logged it.
	Mechanism []byte
	// Detail is the reason or the shape of abuse, for people to read.
	Detail []byte
	// Line is the line itself, as evidence; nil where the source has none, or
	// where nobody keeps it. The Engine does not look at it.
	Line []byte
}
