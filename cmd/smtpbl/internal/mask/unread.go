package mask

import "strings"

// hideUnread hides what a client sent as a name or to log in, in a line from
// which no name was read: a name that the server refuses, the beginning of a long
// one, and a command that was not allowed, with the password.
func hideUnread(text string) string {
	text = hideRefused(text)
	text = hideBeginning(text)
	text = hideQuoted(text, `error [-5 for "`) // Sendmail, of what is no base64
	for _, mechanism := range []string{"PLAIN", "LOGIN", "XOAUTH2", "OAUTHBEARER"} {
		text = hideQuoted(text, "AUTH "+mechanism+" ")
	}
	return text
}

// hideRefused hides the name in Dovecot's "Username character disallowed by
// auth_username_chars: 0x20 (username: john doe)".
func hideRefused(text string) string { return hideInBrackets(text, "(username: ", User) }

// hidePassword hides what Dovecot logs with auth_verbose_passwords: "Password
// mismatch (given password: guess)".
func hidePassword(text string) string {
	return hideInBrackets(text, "given password: ", func(string) string { return dots })
}

// hideInBrackets hides what stands between before and the last bracket. Where
// that is missing, so is the text's end, and all is hidden.
func hideInBrackets(text, before string, masked func(string) string) string {
	i := strings.Index(text, before)
	if i < 0 {
		return text
	}
	i += len(before)
	end := strings.LastIndexByte(text[i:], ')')
	if end < 0 {
		return text[:i] + dots
	}
	return text[:i] + masked(text[i:i+end]) + text[i+end:]
}

// hideBeginning hides the name of which Dovecot logs no more than the beginning:
// "user=<longer than most...>", "passwd-file(longer than most...,192.0.2.7)".
func hideBeginning(text string) string {
	for _, after := range []string{"...>", "...,", `...\u003e`} {
		end := strings.Index(text, after)
		if end < 0 {
			continue
		}
		i := strings.LastIndexAny(text[:end], "(<") + 1
		if j := strings.LastIndex(text[:end], `\u003c`); j >= 0 {
			i = max(i, j+len(`\u003c`))
		}
		if i > 0 {
			return text[:i] + User(text[i:end]) + text[end:]
		}
	}
	return text
}

// hideQuoted hides what follows each before, in letters of any case, up to the
// end of the quotation, or of the word where there is none.
func hideQuoted(text, before string) string {
	var b strings.Builder
	for {
		i := indexFold(text, before)
		if i < 0 {
			return b.String() + text
		}
		i += len(before)
		b.WriteString(text[:i])
		text = text[i:]
		end := strings.IndexAny(text, `"\`)
		if end < 0 {
			end = strings.IndexByte(text+" ", ' ')
		}
		if end > 0 {
			b.WriteString(dots)
		}
		text = text[end:]
	}
}

// indexFold is strings.Index for letters of any case.
func indexFold(text, part string) int {
	for i := 0; i+len(part) <= len(text); i++ {
		if strings.EqualFold(text[i:i+len(part)], part) {
			return i
		}
	}
	return -1
}
