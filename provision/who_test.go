package provision_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/sandbox/faults"
)

// how a row's user is found.
type how string

const (
	byLookup    how = "lookup"      // before anything is sent
	byConflict  how = "409"         // by the answer to a create that did not look up
	unconfirmed how = "unconfirmed" // by the 409 after a create whose answer was lost
	earlierRun  how = "earlier run" // by the lookup of a row that an earlier run has sent
)

var ada = provision.Row{Number: 1, Person: provision.Person{
	Subject: "emp-1", Name: "Ada Byron", Email: "Ada@Example.com",
}}

// who are the users on the tenant, and what comes of the row of Ada Byron: the outcome and code, however she is found.
var who = []struct {
	name    string
	users   []sandbox.User // created long before, unless they say when
	outcome provision.Outcome
	code    string
	id      string // of the user that the result is about
	message string // in it
	ours    bool   // the user is created where a lost create may have created it
}{
	{name: "no user", outcome: provision.Created},
	{name: "the user", users: []sandbox.User{{ID: "u1", Subject: "emp-1", Name: "Ada Byron", Email: "ada@example.com"}},
		outcome: provision.Exists, id: "u1", ours: true},
	{name: "name in another order", users: []sandbox.User{{ID: "u1", Subject: "emp-1", Name: "BYRON,  Ada"}},
		outcome: provision.Exists, code: provision.CodeDiffers, id: "u1", message: "no email on the tenant", ours: true},
	{name: "married", users: []sandbox.User{{ID: "u1", Subject: "emp-1", Name: "Ada Lovelace", Email: "ada@example.com"}},
		outcome: provision.Exists, code: provision.CodeDiffers, id: "u1", ours: true,
		message: `name differs: "Ada Lovelace" on the tenant`},
	{name: "married, another address",
		users:   []sandbox.User{{ID: "u1", Subject: "emp-1", Name: "Ada Lovelace", Email: "al@example.com"}},
		outcome: provision.Failed, code: provision.CodeSubjectConflict, id: "u1",
		message: "Ada Lovelace <al@example.com> (emp-1) on the tenant, Ada Byron <Ada@Example.com> in the file"},
	{name: "a close name, no address", users: []sandbox.User{{ID: "u1", Subject: "emp-1", Name: "Ada Lovelace"}},
		outcome: provision.Exists, code: provision.CodeDiffers, id: "u1", ours: true, message: "name differs"},
	{name: "a name that is the address", outcome: provision.Exists, code: provision.CodeDiffers, id: "u1", ours: true,
		users: []sandbox.User{{ID: "u1", Subject: "emp-1", Name: "ada@example.com", Email: "ada@example.com"}}},
	{name: "nothing to compare", users: []sandbox.User{{ID: "u1", Subject: "emp-1"}},
		outcome: provision.Exists, code: provision.CodeDiffers, id: "u1", ours: true, message: "no name on the tenant"},
	{name: "another person's subject", outcome: provision.Failed, code: provision.CodeSubjectConflict, id: "u1",
		users:   []sandbox.User{{ID: "u1", Subject: "emp-1", Name: "Zoe", Email: "zoe@example.com"}},
		message: "the subject belongs to another person: Zoe <zoe@example.com> (emp-1) on the tenant"},
	{name: "disabled", outcome: provision.Exists, code: provision.CodeDisabled, id: "u1", ours: true,
		users: []sandbox.User{{
			ID: "u1", Subject: "emp-1", Name: "Ada Lovelace", Email: "ada@example.com", Status: "disabled",
		}}, message: `disabled on the tenant; name differs: "Ada Lovelace"`},
	{name: "invited", outcome: provision.Exists, code: provision.CodeDiffers, id: "u1", ours: true,
		users: []sandbox.User{{
			ID: "u1", Subject: "emp-1", Name: "Ada Byron", Email: "ada@example.com", Status: "invited",
		}}, message: "status on the tenant: invited"},
	{name: "provisioned", outcome: provision.Exists, code: provision.CodeDiffers, id: "u1", ours: true,
		users: []sandbox.User{{
			ID: "u1", Subject: "emp-1", Name: "Ada Byron", Email: "ada@example.com", Status: "provisioned",
		}}, message: "status on the tenant: provisioned"},
	{name: "deleted", outcome: provision.Created,
		users: []sandbox.User{{
			ID: "u1", Subject: "emp-1", Name: "Ada Byron", Email: "ada@example.com", Status: "deleted",
		}}},
	{name: "her address", outcome: provision.Exists, code: provision.CodeEmailMatch, id: "u1",
		users:   []sandbox.User{{ID: "u1", Subject: "auth0|81", Name: "Ada Byron", Email: "ada@example.com"}},
		message: "exists as auth0|81"},
	{name: "her address, invited without a name", outcome: provision.Exists, code: provision.CodeEmailMatch, id: "u1",
		users:   []sandbox.User{{ID: "u1", Subject: "ExampleSubject1", Email: "ada@example.com", Status: "invited"}},
		message: "no name on the tenant"},
	{name: "her address, a close name", outcome: provision.Exists, code: provision.CodeEmailMatch, id: "u1",
		users: []sandbox.User{{ID: "u1", Subject: "auth0|81", Name: "Ada King", Email: "ada@example.com"}}},
	{name: "her address, another name", outcome: provision.Failed, code: provision.CodeEmailConflict, id: "u1",
		users:   []sandbox.User{{ID: "u1", Subject: "auth0|81", Name: "Zoe", Email: "ada@example.com"}},
		message: "the address belongs to another person: Zoe <ada@example.com> (auth0|81) on the tenant"},
	{name: "her address, a leaver with a close name", outcome: provision.Failed, code: provision.CodeEmailConflict,
		id: "u1", message: "(auth0|81), disabled on the tenant",
		users: []sandbox.User{{
			ID: "u1", Subject: "auth0|81", Name: "Ada King", Email: "ada@example.com", Status: "disabled",
		}}},
	{name: "her address, disabled", outcome: provision.Exists, code: provision.CodeDisabled, id: "u1",
		users: []sandbox.User{{
			ID: "u1", Subject: "auth0|81", Name: "Ada Byron", Email: "ada@example.com", Status: "disabled",
		}}, message: "disabled on the tenant; exists as auth0|81"},
	{name: "her subject and another user's address", outcome: provision.Exists, code: provision.CodeDiffers, id: "u1",
		users: []sandbox.User{
			{ID: "u1", Subject: "emp-1", Name: "Ada Byron", Email: "ab@example.com"},
			{ID: "u2", Subject: "auth0|81", Name: "Zoe", Email: "ada@example.com"},
		}, message: "the address belongs to another user: Zoe <ada@example.com> (auth0|81)", ours: true},
	{name: "another person's subject, and her address", outcome: provision.Failed, code: provision.CodeSubjectConflict,
		id: "u1", users: []sandbox.User{
			{ID: "u1", Subject: "emp-1", Name: "Zoe", Email: "zoe@example.com"},
			{ID: "u2", Subject: "auth0|81", Name: "Ada Byron", Email: "ada@example.com"},
		}},
	{name: "another case of the subject", outcome: provision.Exists, code: provision.CodeDiffers, id: "u1",
		users:   []sandbox.User{{ID: "u1", Subject: "EMP-1", Name: "Ada Byron", Email: "ada@example.com"}},
		message: "exists as EMP-1", ours: true},
}

// However the user is found, a row comes to the same.
func TestWhoIsWho(t *testing.T) {
	for _, test := range who {
		for _, found := range []how{byLookup, byConflict, unconfirmed, earlierRun} {
			t.Run(fmt.Sprintf("%s/%s", test.name, found), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
					for _, u := range test.users {
						u.CreatedAt = time.Now().Add(-90 * 24 * time.Hour)
						tr.tenant.Add(u)
					}
					row, o, creates := ada, provision.Options{}, 0
					switch found {
					case byConflict, unconfirmed:
						o.NoLookup, creates = true, 1
					case earlierRun:
						row.SentAt = time.Now().Add(-time.Hour)
					}
					if test.outcome == provision.Created {
						creates = 1
					}
					if found == unconfirmed {
						tr.tenant.Inject(onCreate(faults.Fault{Kind: faults.Reset}, row, false, 1))
						creates++
					}
					tr.run(t.Context(), []provision.Row{row}, o)
					res := tr.got.of[1]
					if tr.err != nil || res.Outcome != test.outcome || res.Code != test.code ||
						test.id != "" && res.UserID != test.id || !strings.Contains(res.Message, test.message) {
						t.Errorf("%+v, %v", res, tr.err)
					}
					if test.message == "" && test.code == "" && res.Message != "" {
						t.Errorf("%q, where there is nothing to tell", res.Message)
					}
					if n := len(spy.to(sandbox.EndpointCreate)); n != creates {
						t.Errorf("%d creates, want %d", n, creates)
					}
				})
			})
		}
	}
}

// A user that exists since the create may be the run's own; every other one is not.
func TestUserOfALostCreateIsCreated(t *testing.T) {
	for _, test := range who {
		for _, found := range []how{unconfirmed, earlierRun, byConflict, byLookup} {
			t.Run(fmt.Sprintf("%s/%s", test.name, found), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					tr, _ := watched(t, sandbox.Options{Latency: latency, CaseInsensitive: true}, qlik.Options{})
					for _, u := range test.users {
						tr.tenant.Add(u) // now
					}
					row, want := ada, test.outcome
					o := provision.Options{NoLookup: found == unconfirmed || found == byConflict}
					switch found {
					case unconfirmed:
						tr.tenant.Inject(onCreate(faults.Fault{Kind: faults.Reset}, row, false, 1))
					case earlierRun:
						row.SentAt = time.Now()
					}
					if test.ours && (found == unconfirmed || found == earlierRun) {
						want = provision.Created
					}
					tr.run(t.Context(), []provision.Row{row}, o)
					if res := tr.got.of[1]; tr.err != nil || res.Outcome != want {
						t.Errorf("%+v, %v", res, tr.err)
					}
				})
			})
		}
	}
}

func TestRowsThatAreLookedUpOnlyAreNeverWritten(t *testing.T) {
	for _, test := range who {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{}, qlik.Options{})
				for _, u := range test.users {
					tr.tenant.Add(u)
				}
				row := ada
				row.LookupOnly = true
				all := provision.Update{Name: true, Roles: true, Status: true}
				tr.run(t.Context(), []provision.Row{row}, provision.Options{Update: all})
				res, recorded := tr.got.of[1]
				if recorded != (test.outcome != provision.Created) || recorded && res.Outcome != test.outcome || tr.err != nil {
					t.Errorf("%+v, %v", res, tr.err)
				}
				if n := len(spy.to(sandbox.EndpointCreate)) + len(spy.to(sandbox.EndpointPatch)); n > 0 {
					t.Errorf("%d writes", n)
				}
			})
		})
	}
}

func TestDisableNeverTouchesAnotherPerson(t *testing.T) {
	for _, test := range who {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{}, qlik.Options{})
				for _, u := range test.users {
					tr.tenant.Add(u)
				}
				want, code := provision.Disabled, ""
				switch {
				case test.outcome == provision.Created:
					want, code = provision.Unchanged, provision.CodeNotFound
				case test.code == provision.CodeDisabled:
					want = provision.Unchanged
				case test.outcome == provision.Failed:
					want, code = provision.Failed, test.code
				case test.name == "a close name, no address":
					want, code = provision.Failed, provision.CodeSubjectConflict
				case test.name == "her address, a close name", test.name == "her address, invited without a name":
					want, code = provision.Failed, provision.CodeEmailConflict
				}
				tr.run(t.Context(), []provision.Row{ada}, provision.Options{Task: provision.Disable})
				if res := tr.got.of[1]; tr.err != nil || res.Outcome != want || res.Code != code {
					t.Errorf("%+v, %v", res, tr.err)
				}
				patches := len(spy.to(sandbox.EndpointPatch))
				if patches != 0 && want != provision.Disabled || patches != 1 && want == provision.Disabled {
					t.Errorf("%d changes", patches)
				}
				tr.truth(t, []provision.Row{ada})
			})
		})
	}
}
