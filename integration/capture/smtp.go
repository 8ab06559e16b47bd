package main

import (
	"slices"
	"strconv"
	"strings"

	"github.com/smtpbl/smtpbl/integration/lab"
)

// hello is how every client greets that is not there for its greeting.
const hello = "EHLO client.example"

// smtpTalks is what the clients do with a mail server that offers logins on
// port 25, and on port 587 after STARTTLS.
func smtpTalks() []talk {
	return slices.Concat(smtpGuesses(), smtpStrangers(), smtpHellos(), smtpBroken(),
		smtpHonest(), smtpAbuse())
}

// smtpFew is enough to see how a setting changes the lines.
func smtpFew() []talk {
	return slices.Concat(smtpGuesses(), smtpHellos()[:6], smtpStrangers()[16:18], smtpBroken()[:8], smtpHonest(), smtpAbuse()[:9])
}

// onSMTP is one talk that begins with a greeting and a hello.
func onSMTP(from byte, steps ...step) talk {
	return talk{from: bad4(from), port: 25, steps: append([]step{greet, say(hello)}, steps...)}
}

// smtpGuesses are wrong passwords, by every mechanism and family.
func smtpGuesses() []talk {
	return []talk{
		onSMTP(1, plain(account, "guess"), say("QUIT")),
		onSMTP(2, login("LOGIN", account, "guess"), say("QUIT")),
		onSMTP(3, login("login", account, "guess"), say("QUIT")),
		onSMTP(4, plainLate(account, "guess"), say("QUIT")),
		onSMTP(5, cram(account, "guess"), say("QUIT")),
		onSMTP(6, append(repeat(4, login("LOGIN", account, "guess")), say("QUIT"))...),
		onSMTP(7, plain(account, "guess"), say("QUIT")),
		onSMTP(8, plain(account, "guess"), reset),
		onSMTP(9, say("AUTH LOGIN "+b64(account)), push(b64("guess")+"\r\n"), await(1), say("QUIT")),
		{from: bad6(7), port: 25, steps: []step{greet, say(hello), plain(account, "guess"), say("QUIT")}},
		{from: bad6(8), port: 25, steps: []step{greet, say(hello), login("LOGIN", account, "guess"), say("QUIT")}},
		{from: bad4(10), port: 587, steps: []step{
			greet, say(hello), startTLS("STARTTLS"), say(hello), plain(account, "guess"), say("QUIT"),
		}},
		{from: bad4(11), port: 587, steps: []step{greet, say(hello), plain(account, "guess"), say("QUIT")}}, // before STARTTLS
	}
}

// smtpStrangers are unknown users.
func smtpStrangers() []talk {
	talks := make([]talk, len(strangers))
	for i, user := range strangers {
		auth := plain(user, "guess")
		if i%3 == 2 {
			auth = login("LOGIN", user, "guess")
		}
		talks[i] = onSMTP(byte(20+i), auth, say("QUIT"))
	}
	return talks
}

// smtpHellos greet with another's address and other rubbish.
func smtpHellos() []talk {
	var talks []talk
	for i, name := range hellos {
		talks = append(talks, talk{from: bad4(byte(60 + i)), port: 25, steps: []step{
			greet, say("EHLO " + name), plain(account, "guess"), say("QUIT"),
		}})
	}
	return append(talks,
		talk{from: bad4(70), port: 25, steps: []step{greet, say("HELO old.example"), plain(account, "guess"), say("QUIT")}},
		talk{from: bad4(71), port: 25, steps: []step{greet, plain(account, "guess"), say("QUIT")}},
		talk{from: bad6(72), port: 25, steps: []step{greet, say("EHLO [" + victim + "]"), plain(account, "guess"), say("QUIT")}},
	)
}

// smtpBroken are logins that never get as far as a password.
func smtpBroken() []talk {
	return []talk{
		onSMTP(80, say("AUTH PLAIN !!not*base64!!"), say("QUIT")),
		onSMTP(81, responding("LOGIN", "!!not*base64!!"), say("QUIT")),
		onSMTP(82, responding("LOGIN", b64(account), "!!"), say("QUIT")),
		onSMTP(83, responding("LOGIN", "*"), say("QUIT")),
		onSMTP(84, responding("PLAIN", "*"), say("QUIT")),
		onSMTP(85, say("AUTH LOGIN"), reset),
		onSMTP(86, responding("LOGIN", b64(account)), reset),
		onSMTP(87, plain("", ""), say("QUIT")),
		onSMTP(88, plain(account, ""), say("QUIT")),
		onSMTP(89, say("AUTH PLAIN "+b64("no zeros")), say("QUIT")),
		onSMTP(90, say("AUTH NTLM"), say("QUIT")),
		onSMTP(91, say("AUTH ["+victim+"]: x"), say("QUIT")),
		onSMTP(92, say("AUTH"), say("QUIT")),
		onSMTP(93, say("AUTH PLAIN "+strings.Repeat("A", 700)), say("QUIT")),
		onSMTP(94, say("MAIL FROM:<a@b.example>"), plain(account, "guess"), say("QUIT")),
	}
}

// smtpHonest are logins that work, some after a mistake.
func smtpHonest() []talk {
	mail := []step{
		say("MAIL FROM:<" + account + "@" + lab.HostName + ">"),
		say("RCPT TO:<" + account + "@" + lab.HostName + ">"), say("DATA"),
		push("Subject: laboratory\r\n\r\nHello.\r\n.\r\n"), await(1), say("QUIT"),
	}
	from := func(n byte, steps ...step) talk {
		return talk{from: good4(n), port: 25, steps: append([]step{greet, say(hello)}, steps...)}
	}
	return []talk{
		from(4, append([]step{plain(account, password)}, mail...)...),
		from(5, append([]step{login("LOGIN", account, password)}, mail...)...),
		from(6, append([]step{login("LOGIN", account, "typo"), login("LOGIN", account, password)}, mail...)...),
		from(7, plain(account, password), say("QUIT")),
		from(8, plain(account, password), plain(account, password), say("QUIT")),
		from(9, cram(account, password), say("QUIT")),
		{from: good6, port: 25, steps: append([]step{greet, say(hello), plain(account, password)}, mail...)},
		{from: good4(10), port: 587, steps: append(
			[]step{greet, say(hello), startTLS("STARTTLS"), say(hello), plain(account, password)}, mail...)},
		{from: good4(11), port: 25, steps: append([]step{greet, say(hello)}, mail...)}, // a mail from outside
	}
}

// smtpAbuse is everything else that is seen on port 25.
func smtpAbuse() []talk {
	rcpt := func(n byte, to string) talk {
		return onSMTP(n, say("MAIL FROM:<a@b.example>"), say("RCPT TO:<"+to+">"), say("QUIT"))
	}
	many := make([]step, 30)
	for i := range many {
		many[i] = say("RUBBISH " + strconv.Itoa(i))
	}
	return []talk{
		rcpt(100, "victim@elsewhere.example"),
		rcpt(101, "nosuchuser@"+lab.HostName),
		rcpt(102, "x ["+victim+"] y"),
		onSMTP(103, say("VRFY root"), say("EXPN staff"), say("VRFY "+victim), say("QUIT")),
		onSMTP(104, many...),
		onSMTP(105, append(repeat(23, say("NOOP")), say("QUIT"))...),
		{from: bad4(106), port: 25, steps: []step{greet, push("GET / HTTP/1.1\r\nHost: " + victim + "\r\n\r\n"), hear, reset}},
		{from: bad4(107), port: 25, steps: []step{greet, helloTLS, reset}},
		{from: bad4(108), port: 25, steps: []step{push(hello + "\r\nMAIL FROM:<a@b.example>\r\n"), greet, await(2), say("QUIT")}},
		{from: bad4(109), port: 25, steps: []step{greet, push(hello + "\r\nAUTH LOGIN\r\n" + b64(account) + "\r\n" + b64("guess") + "\r\nQUIT\r\n"), await(5)}},
		{from: bad4(110), port: 25, steps: []step{greet, reset}},
		{from: bad4(111), port: 25, steps: []step{greet, say("QUIT")}},
		onSMTP(112, say("MAIL FROM:<x> ["+victim+"]"), say("RCPT TO:<alice@"+lab.HostName+"> \""), say("QUIT")),
		onSMTP(113, append(repeat(7, plain(account, "guess")), say("QUIT"))...),
		onSMTP(114, say("STARTTLS"), push("no TLS\r\n"), hear, reset),
	}
}
