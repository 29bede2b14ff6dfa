package main

import "github.com/spf13/cobra"

// topics are commands that do nothing but explain themselves: qlik-provision help exit-codes.
func topics() []*cobra.Command {
	return []*cobra.Command{
		{
			Use:   "environment",
			Short: "The variables that are read",
			Long: `QLIK_TENANT             the tenant, where --tenant does not name one
QLIK_CLIENT_ID          the M2M OAuth client
QLIK_CLIENT_SECRET      its secret
QLIK_API_KEY            an API key, in the place of client and secret
QLIK_CLI_USER_HOME_DIR  where the folder .qlik is that --context reads
HTTPS_PROXY, NO_PROXY   the proxy to the tenant, and what goes past it
NO_COLOR                no colours

A credential flag hides every credential in the environment. With --context or
--sandbox neither tenant nor credentials are taken from it.`,
		},
		{
			Use:   "exit-codes",
			Short: "What an exit code says",
			Long: `0    every row is done (plan: done, or can be sent)
1    the run went through; some rows are not done (plan: cannot be sent)
2    before any request: wrong usage, configuration or file
3    after the first request, the run could not go on: credentials refused,
     scope missing, tenant out of reach, disk full. Rows not settled are pending
130  interrupted; what was in flight was waited for, 10 s at the most and not
     after a second Ctrl-C; the rest is pending

Every end that is not 0 prints what happened, "error: …", and what to type next,
"hint: …", to stderr.`,
		},
		{
			Use:   "result-file",
			Short: "The columns and the outcomes of a result file",
			Long: `Behind the export's own columns stand eleven:

outcome       what became of the row, see below
user_id       the tenant's id of the user
user_subject  the subject as it was or would be sent
message       why, for people
error_code    the tenant's code, or other-person
http_status   of the answer that decided
trace_id      what Qlik's support asks for
attempts      how many creates were sent that count
finished_at   when the row was settled, in UTC
tenant        the tenant's host; sandbox for --sandbox
row           the number of the row in the export, from 1

An outcome is one of

created    the user was created by a run of this file
exists     this person was on the tenant already; message says what differs
duplicate  an earlier row is the same person under the same subject
invalid    the row cannot be sent as it stands
failed     the tenant refused it, did not answer, or the subject is another's
pending    not tried yet, or the run ended before it was settled

Rows that are created or exist, and duplicates of such rows, are done: retry
never sends and never changes them.`,
		},
	}
}
