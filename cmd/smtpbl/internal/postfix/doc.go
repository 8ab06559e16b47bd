// Package postfix answers Postfix's question whether a client is to be turned
// away: the polite step of the ladder, which drops no packet and tells the
// person why.
//
// Postfix asks over a unix socket, in one of two protocols. The policy protocol
// (SMTPD_POLICY_README, for check_policy_service) tells much of the client in
// lines of "name=value" and takes an action. The socketmap protocol
// (socketmap_table(5), for check_client_access) asks for one key in a netstring
// and takes what a table would hold.
//
// A question that is malformed, too long, too slow or too late is counted and
// answered with "nothing is known": no input makes an answer that turns anybody
// away but the whole address of a client that the Engine holds for an offender.
package postfix
