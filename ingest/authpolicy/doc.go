// Package authpolicy speaks Dovecot's auth policy protocol: HTTP requests that
// Dovecot sends before it checks a password ("allow", may this address try?)
// and after it ("report", that is what came of it). A report is a failed login
// told once and exactly, without a log line, and with a hash of the password
// that was tried: a stale phone that repeats one wrong password can be told
// from somebody who tries many.
//
// Dovecot 2.3 and 2.4 want, with KEY the secret of Config.Key:
//
//	auth_policy_server_url = http://127.0.0.1:9726/
//	auth_policy_server_api_header = KEY
//	auth_policy_hash_nonce = some random text, the same for ever
//
// They send the address, the login name and the hash by themselves. The
// mechanism too should be sent, because the hash of a challenge-response
// mechanism such as CRAM-MD5 knows the name alone and is the same for every
// password:
//
//	# Dovecot 2.3
//	auth_policy_request_attributes = login=%{requested_username} pwhash=%{hashed_password} remote=%{rip} protocol=%s session_id=%{session} mech=%{mechanism}
//
//	# Dovecot 2.4
//	auth_policy_request_attributes {
//	  mech = %{mechanism}
//	}
//
// Dovecot 2.3 does not tell why a login failed, so that with it a fault of its
// own password database looks like a wrong password. Dovecot 2.4 does.
//
// The requests are those of src/auth/auth-policy.c of Dovecot 2.3.19 to 2.4.4.
package authpolicy
