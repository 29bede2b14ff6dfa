package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/report"
)

// Every reason for which a run cannot go on has its exit code, and a hint with the command that goes on.
func TestEveryEndHasACodeAndAWayOn(t *testing.T) {
	a, next := &app{contacted: true}, command{program: "q", name: "retry", file: "x.csv"}
	for _, test := range []struct {
		err  error
		code int
		hint string // before the command
	}{
		{errInterrupted, exitInterrupted, ""},
		{context.Canceled, exitInterrupted, ""},
		{errors.Join(errInterrupted, syscall.ENOSPC), exitInterrupted, ""},
		{provision.ErrScope, exitRun, "the scope admin.users"},
		{qlik.ErrCredentials, exitRun, "check the client's ID and secret, or the API key"},
		{qlik.ErrNotTenant, exitRun, "check the address of the tenant"},
		{provision.ErrUnreachable, exitRun, "the network and the proxy (HTTPS_PROXY)"},
		{provision.ErrRefusedAll, exitRun, "correct what the tenant refuses"},
		{provision.ErrUnreadable, exitRun, "a log-in page of a proxy perhaps"},
		{provision.ErrPatience, exitRun, "status.qlikcloud.com"},
		{provision.ErrLookups, exitRun, "status.qlikcloud.com"},
		{provision.ErrRolesHidden, exitRun, "let the client read roles"},
		{qlik.ErrNoToken, exitRun, "status.qlikcloud.com"},
		{errNotRecorded, exitRun, "make room on the disk"},
		{fmt.Errorf("writing: %w", syscall.ENOSPC), exitRun, "make room on the disk"},
		{io.ErrUnexpectedEOF, exitRun, ""},
	} {
		got := a.failureOf(fmt.Errorf("creating: %w", test.err), next, "")
		if got.code != test.code || !strings.Contains(got.hint, test.hint) || !strings.Contains(got.hint, "q retry x.csv") {
			t.Errorf("%v: %d, %q", test.err, got.code, got.hint)
		}
		if test.code == exitRun && !errors.Is(got.err, test.err) {
			t.Errorf("%v is not in %v", test.err, got.err)
		}
	}
	both := a.failureOf(errors.Join(provision.ErrPatience, errNotRecorded), next, "").Error()
	if !strings.Contains(both, provision.ErrPatience.Error()) || !strings.Contains(both, errNotRecorded.Error()) {
		t.Errorf("one error replaces another: %q", both)
	}
}

// What keeps a run from starting has a hint, too, and is exit code 2.
func TestEveryRefusalHasAWayOn(t *testing.T) {
	a, given := &app{}, command{program: "q", name: "create", file: "hr.csv"}
	for _, test := range []struct {
		err  error
		hint string
	}{
		{fmt.Errorf("writing: %w", syscall.ENOSPC), "make room on the disk, then:\n  q create hr.csv"},
		{&fs.PathError{Op: "open", Path: "hr.csv", Err: syscall.ENAMETOOLONG},
			"give the result file a shorter name, with -o"},
		{&report.ExistsError{Path: "r.csv", SameExport: true, Done: 1, Rows: 2}, "q retry r.csv"},
		{&report.ExistsError{Path: "r.csv", SameExport: false, Done: 1, Rows: 2}, "q create hr.csv -o r."},
		{&report.TenantError{Path: "r.csv", File: "a.example.com", Run: "b.example.com"}, "--tenant a.example.com"},
		{&report.TenantError{Path: "r.csv", File: "sandbox", Run: "b.example.com"}, "--sandbox"},
		{fmt.Errorf("hr.csv %w", report.ErrResultsGiven), "q retry hr.csv"},
		{errInterrupted, "q create hr.csv"},
	} {
		want := exitUsage
		if errors.Is(test.err, errInterrupted) {
			want = exitInterrupted
		}
		got := a.failureOf(test.err, given, "")
		if got.code != want || !strings.Contains(got.hint, test.hint) {
			t.Errorf("%v: %d, %q", test.err, got.code, got.hint)
		}
	}
	a.contacted = true
	if got := a.failureOf(io.ErrUnexpectedEOF, given, ""); got.code != exitRun || got.hint != "q create hr.csv" {
		t.Errorf("an unknown error after a request is %d", got.code)
	}
}
