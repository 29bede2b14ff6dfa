package main

import "github.com/spf13/cobra"

// topics are commands that only explain themselves: qlik-provision help exit-codes.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{Use: "environment", Short: "The environment variables", Long: environmentText},
		{Use: "exit-codes", Short: "The meaning of an exit code", Long: exitCodesText},
		{Use: "result-file", Short: "The columns and outcomes of a result file", Long: resultFileText},
	}
}

// The texts of the topics; their lines are set as they are.
const (
	environmentText = `QLIK_TENANT             the URL of the tenant, if --tenant is not given
QLIK_CLIENT_ID          the M2M OAuth client
QLIK_CLIENT_SECRET      its secret
QLIK_API_KEY            an API key, instead of client and secret
QLIK_CLI_USER_HOME_DIR  the folder that holds .qlik, for --context
HTTPS_PROXY, NO_PROXY   the proxy to the tenant, and hosts that need none
SSL_CERT_FILE           on Linux, a file of certificates to trust, such as a proxy's
NO_COLOR                no colours

A credential flag hides every credential in the environment. With --context or
--sandbox neither tenant nor credentials are read from it.`

	exitCodesText = `0    every row is done (plan, --dry-run: done or can be sent; --limit: what was
     tried is done)
1    the run finished; some rows are not done (with --limit: others than those
     it left); or disable found nobody; or verify found a difference
2    before any request: wrong usage, configuration or file
3    after the first request the run could not go on: credentials refused,
     scope missing, no answer, every write refused, more writes than --max,
     disk full. Unfinished rows stay pending
130  interrupted or declined; requests in flight were waited for (10 s at most,
     not after a second Ctrl-C)

A run that does not end with 0 prints what happened, "error: …", and what to type
next, "hint: …", to standard error. After a 1, rows have to be corrected; after a
2, the command, the settings or the file. After a 3, another try helps if the
tenant, the network or the disk failed; if credentials, scope, address, --role,
--max or the tenant's refusal are the cause, they have to be corrected first. So
limit how often a scheduler tries again.`

	resultFileText = `After the export's columns there are thirteen more:

action        what the row is for, with everything that decides what is sent
outcome       see below
code          reason code, from the tenant or from qlik-provision
message       the reason, for people
user_id       the tenant's ID of the user
user_subject  the subject as it is or would be sent
http_status   HTTP status of the deciding answer
trace_id      trace ID, which Qlik's support asks for
attempts      number of writes sent, not counting those refused by the rate limit
finished_at   when the row got its outcome, in UTC
tenant        the tenant's host; sandbox for --sandbox
check         checksums, by which retry notices what a spreadsheet changed
row           the number of the row in the export, from 1

The outcomes are

created    a run of this file created the user
exists     this person already has a user; message says what differs
updated    the user existed, and a run of this file changed it
disabled   a run of this file disabled the user
unchanged  already disabled, or no such user (not-found)
skipped    left out by --where
deleted    created by this file, then deleted by undo; never run again
duplicate  an earlier row is the same person
invalid    cannot be sent: code and message say why
failed     the tenant refused it, or another person's user has the subject or address
pending    not tried yet, or the run ended before the row was finished

Rows that are invalid, failed or pending are not done: retry runs them. Others
are done (a duplicate: where its row is), and never sent or changed again.`
)
