package provision_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/sandbox/faults"
)

type outcomes = map[provision.Outcome]int

func TestRolesOfNewUsers(t *testing.T) {
	for _, test := range []struct {
		name      string
		o         sandbox.Options
		roles     []string // of the second row of three
		everyones []string
		allow     bool
		err       error
		outcome   provision.Outcome // of the second row
		code      string
		message   string
	}{
		{name: "none", outcome: provision.Created},
		{name: "a row's", roles: []string{"Steward"}, outcome: provision.Created},
		{name: "everybody's, and a row's", roles: []string{"Steward"}, everyones: []string{"Developer", "Steward"},
			outcome: provision.Created},
		{name: "unknown", roles: []string{"Steward", "Stewart"}, outcome: provision.Invalid, code: provision.CodeUnknownRole,
			message: `the tenant has no role "Stewart"; the nearest is "Steward"`},
		{name: "another case", roles: []string{"steward"}, outcome: provision.Invalid, code: provision.CodeUnknownRole,
			message: `the nearest is "Steward"`},
		{name: "unknown for everybody", everyones: []string{"Boss"}, err: provision.ErrRole, outcome: provision.Pending},
		{name: "unknown for everybody, after one of admin level", everyones: []string{"TenantAdmin", "Boss"},
			err: provision.ErrRole, outcome: provision.Pending},
		{name: "of admin level", roles: []string{"TenantAdmin"}, outcome: provision.Invalid, code: provision.CodeAdminRole,
			message: `role "TenantAdmin" is of admin level`},
		{name: "of admin level, allowed", roles: []string{"TenantAdmin"}, allow: true, outcome: provision.Created},
		{name: "hidden", o: sandbox.Options{RolesForbidden: true}, roles: []string{"Steward"},
			err: provision.ErrRolesHidden, outcome: provision.Pending},
		{name: "hidden, allowed", o: sandbox.Options{RolesForbidden: true}, roles: []string{"Steward"}, allow: true,
			outcome: provision.Created},
		{name: "hidden, allowed, and unknown", o: sandbox.Options{RolesForbidden: true}, roles: []string{"Boss"}, allow: true,
			outcome: provision.Failed, code: "USERS-"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, test.o, qlik.Options{})
				rows := people(3)
				rows[1].Person.Roles = test.roles
				tr.run(t.Context(), rows, provision.Options{EveryonesRoles: test.everyones, AllowAdminRoles: test.allow})
				if !errors.Is(tr.err, test.err) || test.err == nil && tr.err != nil {
					t.Errorf("the run ended with %v, want %v", tr.err, test.err)
				}
				res, recorded := tr.got.of[2]
				if !recorded {
					res.Outcome = provision.Pending
				}
				if res.Outcome != test.outcome || !strings.HasPrefix(res.Code, test.code) ||
					!strings.Contains(res.Message, test.message) {
					t.Errorf("%+v", res)
				}
				if n := len(spy.to(sandbox.EndpointCreate)); test.err != nil && n > 0 {
					t.Errorf("%d creates", n)
				}
				if n := len(spy.to(sandbox.EndpointPatch)); n > 0 {
					t.Errorf("%d changes", n)
				}
				for _, u := range tr.tenant.Users() {
					want := slices.Clone(test.everyones)
					if u.Subject == rows[1].Person.Subject {
						want = slices.Compact(append(slices.Clone(test.roles), test.everyones...))
					}
					for _, role := range want {
						if !slices.Contains(u.Roles, role) {
							t.Errorf("%s has the roles %q, want %q", u.Subject, u.Roles, want)
						}
					}
				}
			})
		})
	}
}

func TestUpdateBringsExistingUsersInLine(t *testing.T) {
	everything := provision.Update{Name: true, Roles: true, Status: true}
	differing := sandbox.User{ID: "u1", Subject: "emp-1", Name: "Ada Lovelace", Email: "ada@example.com",
		Status: "disabled", Roles: []string{"Developer"}}
	admin := differing
	admin.Roles = []string{"AuditAdmin"}
	same := sandbox.User{ID: "u1", Subject: "emp-1", Name: "Ada Byron", Email: "ada@example.com",
		Roles: []string{"Steward", "TenantAdmin"}}
	close := sandbox.User{ID: "u1", Subject: "emp-1", Name: "Ada Lovelace"}
	elsewhere := differing
	elsewhere.Subject, elsewhere.Name, elsewhere.Status = "auth0|81", "Ada King", "active"
	for _, test := range []struct {
		name    string
		user    sandbox.User
		o       sandbox.Options
		update  provision.Update
		allow   bool
		err     error
		outcome provision.Outcome
		code    string
		message string
		want    sandbox.User // name, status and roles after it
	}{
		{name: "nothing", user: differing, outcome: provision.Exists, code: provision.CodeDisabled,
			message: "roles missing: Steward", want: differing},
		{name: "everything", user: differing, update: everything, outcome: provision.Updated,
			message: `enabled; name changed from "Ada Lovelace"; roles added: Steward`,
			want:    sandbox.User{Name: "Ada Byron", Status: "active", Roles: []string{"Developer", "Steward"}}},
		{name: "the name", user: differing, update: provision.Update{Name: true}, outcome: provision.Updated,
			message: "disabled on the tenant",
			want:    sandbox.User{Name: "Ada Byron", Status: "disabled", Roles: []string{"Developer"}}},
		{name: "nothing differs", user: same, update: everything, outcome: provision.Exists, want: same},
		{name: "an admin", user: admin, update: everything, outcome: provision.Failed, code: provision.CodeAdminRole,
			message: "the user has an admin role", want: admin},
		{name: "an admin, allowed", user: admin, update: everything, allow: true, outcome: provision.Updated,
			want: sandbox.User{Name: "Ada Byron", Status: "active", Roles: []string{"AuditAdmin", "Steward"}}},
		{name: "a close name alone", user: close, update: everything, outcome: provision.Exists,
			code: provision.CodeDiffers, want: close},
		{name: "under another subject, with a close name", user: elsewhere, update: everything, outcome: provision.Exists,
			code: provision.CodeEmailMatch, want: elsewhere},
		{name: "roles are not shown", user: differing, o: sandbox.Options{RolesHidden: true},
			update: provision.Update{Name: true}, err: provision.ErrRolesHidden, outcome: provision.Pending, want: differing},
		{name: "levels are not shown", user: differing, o: sandbox.Options{LevelsHidden: true},
			update: provision.Update{Name: true}, err: provision.ErrRolesHidden, outcome: provision.Pending, want: differing},
		{name: "nothing, and roles are not shown", user: same, o: sandbox.Options{RolesHidden: true},
			outcome: provision.Exists, want: same},
		{name: "roles are not shown, allowed", user: differing, o: sandbox.Options{RolesHidden: true},
			update: provision.Update{Name: true}, allow: true, outcome: provision.Updated,
			want: sandbox.User{Name: "Ada Byron", Status: "disabled", Roles: []string{"Developer"}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, test.o, qlik.Options{})
				tr.tenant.Add(test.user)
				row := ada
				row.Person.Roles = []string{"Steward"}
				newcomer := people(2)[1]
				rows := []provision.Row{row, newcomer}
				tr.run(t.Context(), rows, provision.Options{Update: test.update, AllowAdminRoles: test.allow})
				if !errors.Is(tr.err, test.err) || test.err == nil && tr.err != nil {
					t.Errorf("the run ended with %v, want %v", tr.err, test.err)
				}
				res, recorded := tr.got.of[1]
				if !recorded {
					res.Outcome = provision.Pending
				}
				if res.Outcome != test.outcome || res.Code != test.code || !strings.Contains(res.Message, test.message) {
					t.Errorf("%+v", res)
				}
				got, _ := tr.tenant.User("u1")
				if test.want.Status == "" {
					test.want.Status = "active"
				}
				if got.Name != test.want.Name || got.Status != test.want.Status || !slices.Equal(got.Roles, test.want.Roles) {
					t.Errorf("the user is %+v, want %+v", got, test.want)
				}
				writes := len(spy.to(sandbox.EndpointPatch))
				if want := map[bool]int{true: 1}[test.outcome == provision.Updated]; writes != want {
					t.Errorf("%d changes", writes)
				}
				if n := len(spy.to(sandbox.EndpointCreate)); (n == 0) != (test.err != nil) {
					t.Errorf("%d creates", n)
				}
			})
		})
	}
}

// The user that a 409 tells of may be an administrator where the tenant does not show it.
func TestUserThatAConflictTellsOfIsNotChangedUnseen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Latency: latency, RolesHidden: true}, qlik.Options{})
		tr.tenant.Inject(faults.Fault{Kind: faults.Delay, On: sandbox.EndpointCreate, Delay: 9 * time.Second})
		time.AfterFunc(5*time.Second, func() { // after the lookup, before the create takes effect
			user := userOf(ada)
			user.Name, user.CreatedAt = "Ada Lovelace", time.Now().Add(-time.Hour)
			tr.tenant.Add(user)
		})
		tr.run(t.Context(), []provision.Row{ada}, provision.Options{Update: provision.Update{Name: true}})
		tr.outcomes(t, []provision.Row{ada}, outcomes{provision.Exists: 1})
		if creates, n := len(spy.to(sandbox.EndpointCreate)), len(spy.to(sandbox.EndpointPatch)); creates != 1 || n > 0 {
			t.Errorf("%d creates and %d changes, %v", creates, n, tr.err)
		}
	})
}

// A change is recorded before it is sent, also where the create before it was lost.
func TestChangeAfterALostCreateIsAnnounced(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, _ := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 503, On: sandbox.EndpointCreate, Times: 1,
			Delay: 9 * time.Second})
		time.AfterFunc(5*time.Second, func() {
			user := userOf(ada)
			user.Name, user.CreatedAt = "Ada Lovelace", time.Now().Add(-time.Hour)
			tr.tenant.Add(user)
		})
		tr.run(t.Context(), []provision.Row{ada}, provision.Options{Update: provision.Update{Name: true}})
		tr.outcomes(t, []provision.Row{ada}, outcomes{provision.Updated: 1})
		var codes []string
		for _, res := range tr.got.all {
			codes = append(codes, res.Code)
		}
		if want := []string{provision.CodeMaybeCreated, provision.CodeMaybeChanged, ""}; !slices.Equal(codes, want) {
			t.Errorf("recorded %q, want %q", codes, want)
		}
	})
}

// A retry needs --allow-admin-roles again, also for a row whose create an earlier run left unconfirmed.
func TestLaterRunGivesNoAdminRole(t *testing.T) {
	for role, code := range map[string]string{"TenantAdmin": provision.CodeAdminRole, "Boss": provision.CodeUnknownRole} {
		synctest.Test(t, func(t *testing.T) {
			tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
			user := userOf(ada)
			user.CreatedAt = time.Now().Add(-time.Hour)
			tr.tenant.Add(user)
			row := ada
			row.Person.Roles, row.SentAt = []string{role}, time.Now()
			tr.run(t.Context(), []provision.Row{row}, provision.Options{Update: provision.Update{Roles: true}})
			if res := tr.got.of[1]; tr.err != nil || res.Outcome != provision.Invalid || res.Code != code {
				t.Errorf("%+v, %v", res, tr.err)
			}
			if n := len(spy.to(sandbox.EndpointPatch)); n > 0 {
				t.Errorf("%d changes", n)
			}
		})
	}
}

// lostChanges are the ways in which the answer to a change or a delete is lost.
var lostChanges = []faults.Fault{
	{Kind: faults.Status, Status: 503}, {Kind: faults.Reset}, {Kind: faults.Hang}, {Kind: faults.Garbage},
	{Kind: faults.LoginPage}, {Kind: faults.Status, Status: 200}, {Kind: faults.Partial},
	{Kind: faults.Status, Status: 404},
}

func TestLostAnswerOfAChangeIsSettled(t *testing.T) {
	for _, task := range []provision.Task{provision.Create, provision.Disable, provision.Delete} {
		for _, fault := range lostChanges {
			for _, after := range []bool{false, true} {
				for _, times := range []int{1, 0} {
					name := fmt.Sprintf("%d/%s %d/after %v/%d times", task, fault.Kind, fault.Status, after, times)
					t.Run(name, func(t *testing.T) {
						synctest.Test(t, func(t *testing.T) {
							lostChange(t, task, fault, after, times)
						})
					})
				}
			}
		}
	}
}

func lostChange(t *testing.T, task provision.Task, fault faults.Fault, after bool, times int) {
	tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
	rows := people(30)
	o := provision.Options{Task: task, Update: provision.Update{Name: task == provision.Create,
		Status: task == provision.Create}}
	for i, row := range rows {
		user := userOf(row)
		user.ID = fmt.Sprint("u", i)
		if task == provision.Create {
			user.Name, user.Status = "Person Other", "disabled"
		}
		if task == provision.Delete {
			rows[i].UserID = user.ID
		}
		tr.tenant.Add(user)
	}
	if fault.Kind == faults.Partial && (task != provision.Create || after) {
		t.Skip("only a change of several fields can be partial")
	}
	fault.On = sandbox.EndpointPatch
	outcome := map[provision.Task]provision.Outcome{
		provision.Create: provision.Updated, provision.Disable: provision.Disabled, provision.Delete: provision.Deleted,
	}[task]
	if task == provision.Delete {
		fault.On = sandbox.EndpointDelete
	}
	fault.Subjects, fault.After, fault.Times = subjectsOf(rows[9:10]), after, times
	tr.tenant.Inject(fault)
	tr.run(t.Context(), rows, o)
	tr.truth(t, rows)
	if tr.err != nil {
		t.Error(tr.err)
	}
	settles := after || times == 1 || fault.Kind == faults.Partial
	switch {
	case settles:
		tr.outcomes(t, rows, outcomes{outcome: 30})
	case task == provision.Delete:
		tr.outcomes(t, rows, outcomes{outcome: 29, provision.Created: 1})
	default:
		tr.outcomes(t, rows, outcomes{outcome: 29, provision.Pending: 1})
	}
	if n := len(spy.to(fault.On)); n > 29+5 {
		t.Errorf("%d writes for 30 rows", n)
	}
}

// The result names the answer that decided, not the 404 before it, which a lookup has explained.
func TestRefusalAfterNotFoundIsReported(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 404, On: sandbox.EndpointPatch, Times: 1})
		tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 400, Code: "USERS-1", On: sandbox.EndpointPatch})
		tr.tenant.Add(userOf(ada))
		tr.run(t.Context(), []provision.Row{ada}, provision.Options{Task: provision.Disable})
		got := tr.got.of[1]
		if tr.err != nil || got.Outcome != provision.Failed || got.Code != "USERS-1" || got.HTTPStatus != 400 {
			t.Errorf("%+v, %v", got, tr.err)
		}
		looked, again := spy.to(sandbox.EndpointList)[0].done, spy.to(sandbox.EndpointPatch)[1].sent
		if again-looked < 400*time.Millisecond {
			t.Errorf("it was sent again after %v", again-looked)
		}
	})
}

// Half a minute of lookups is for each lost answer: an earlier one of the row that was settled does not shorten it.
func TestEveryLostAnswerHasItsLookups(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, _ := watched(t, sandbox.Options{Latency: latency}, qlik.Options{Timeout: time.Minute})
		tr.tenant.Add(userOf(ada))
		lostChange := faults.Fault{Kind: faults.Status, Status: 503, On: sandbox.EndpointPatch, Times: 1}
		tr.tenant.Inject(lostChange)
		lostChange.After, lostChange.Delay = true, 42*time.Second
		tr.tenant.Inject(lostChange)
		noLookup := faults.Fault{Kind: faults.Status, Status: 503, On: sandbox.EndpointList}
		noLookup.For = 2 * time.Second
		tr.tenant.Inject(noLookup)
		noLookup.From, noLookup.For = 40*time.Second, 10*time.Second
		tr.tenant.Inject(noLookup)
		tr.run(t.Context(), []provision.Row{ada}, provision.Options{Task: provision.Disable})
		tr.outcomes(t, []provision.Row{ada}, outcomes{provision.Disabled: 1})
		if tr.err != nil || tr.took < 45*time.Second {
			t.Errorf("%v, %v", tr.took, tr.err)
		}
	})
}

// A 207 applied a part of the change: the rest is sent again, and the message says all that was changed.
func TestPartialChangeIsSentAgainAndReportedWhole(t *testing.T) {
	for times, want := range map[int]provision.Result{
		1: {Outcome: provision.Updated, HTTPStatus: 204, Attempts: 2,
			Message: `enabled; name changed from "Ada Lovelace"; roles added: Steward, Developer`},
		0: {Outcome: provision.Updated, HTTPStatus: 204, Attempts: 4, // a part each time
			Message: `enabled; name changed from "Ada Lovelace"; roles added: Steward, Developer`},
	} {
		synctest.Test(t, func(t *testing.T) {
			tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
			tr.tenant.Inject(faults.Fault{Kind: faults.Partial, On: sandbox.EndpointPatch, Times: times})
			tr.tenant.Add(sandbox.User{ID: "u1", Subject: "emp-1", Name: "Ada Lovelace", Email: "ada@example.com",
				Status: "disabled"})
			row := ada
			row.Person.Roles = []string{"Steward", "Developer"}
			all := provision.Update{Name: true, Roles: true, Status: true}
			tr.run(t.Context(), []provision.Row{row}, provision.Options{Update: all})
			got := tr.got.of[1]
			if tr.err != nil || got.Outcome != want.Outcome || got.HTTPStatus != want.HTTPStatus ||
				got.Message != want.Message || len(spy.to(sandbox.EndpointPatch)) != want.Attempts {
				t.Errorf("%+v, %v, after %d changes", got, tr.err, len(spy.to(sandbox.EndpointPatch)))
			}
		})
	}
	synctest.Test(t, func(t *testing.T) {
		tr, _ := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		tr.tenant.Inject(faults.Fault{Kind: faults.Partial, On: sandbox.EndpointPatch})
		tr.tenant.Add(sandbox.User{ID: "u1", Subject: "emp-1", Name: "Ada Lovelace", Email: "ada@example.com",
			Status: "disabled"})
		o := provision.Options{Update: provision.Update{Name: true, Status: true}, Attempts: 1}
		tr.run(t.Context(), []provision.Row{ada}, o)
		got := tr.got.of[1]
		if got.Outcome != provision.Pending || got.Code != provision.CodeMaybeChanged || got.UserID != "u1" ||
			!strings.Contains(got.Message, "no attempt is left") || !strings.Contains(got.Message, "207") {
			t.Errorf("%+v, %v", got, tr.err)
		}
	})
}

func TestDisable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		rows := people(200)
		for i, row := range rows {
			user := userOf(row)
			switch {
			case i >= 150:
				continue
			case i >= 140:
				user.Roles = []string{"TenantAdmin"}
			case i >= 100:
				user.Status = "disabled"
			}
			tr.tenant.Add(user)
		}
		tr.run(t.Context(), rows, provision.Options{Task: provision.Disable})
		tr.check(t, rows)
		tr.outcomes(t, rows, outcomes{provision.Disabled: 100, provision.Unchanged: 90, provision.Failed: 10})
		if n := len(spy.to(sandbox.EndpointPatch)); n != 100 {
			t.Errorf("%d changes", n)
		}
		for _, u := range tr.tenant.Users() {
			if admin := slices.Contains(u.Roles, "TenantAdmin"); (u.Status == "disabled") == admin {
				t.Errorf("%+v", u)
			}
		}
	})
}

func TestDisableNeedsToSeeRoles(t *testing.T) {
	for name, o := range map[string]sandbox.Options{"roles": {RolesHidden: true}, "levels": {LevelsHidden: true}} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, o, qlik.Options{})
				user := userOf(ada)
				user.Roles = []string{"TenantAdmin"}
				tr.tenant.Add(user)
				tr.run(t.Context(), []provision.Row{ada}, provision.Options{Task: provision.Disable})
				if n := len(spy.to(sandbox.EndpointPatch)); n > 0 || !errors.Is(tr.err, provision.ErrRolesHidden) {
					t.Errorf("%d changes, %v", n, tr.err)
				}
				tr.outcomes(t, []provision.Row{ada}, outcomes{provision.Pending: 1})
				allowed := provision.Options{Task: provision.Disable, AllowAdminRoles: true}
				tr.run(t.Context(), []provision.Row{ada}, allowed)
				tr.outcomes(t, []provision.Row{ada}, outcomes{provision.Disabled: 1})
			})
		})
	}
}

func TestDeleteOfWhatTheFileCreated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency, Lag: 5 * time.Second},
			qlik.Options{})
		rows := people(300)
		tr.run(t.Context(), rows, provision.Options{})
		for i := range rows {
			rows[i].UserID = tr.got.of[i+1].UserID
		}
		rows[3].UserID = "gone"                                           // deleted by another program
		rows[4].UserID, rows[5].UserID = rows[5].UserID, rows[4].UserID   // of other subjects
		rows[6].UserID, rows[6].SentAt = "", tr.got.of[7].FinishedAt      // its answer was lost
		rows[7].UserID, rows[7].SentAt = "", time.Now().Add(-9*time.Hour) // existed before
		rows[8].UserID, rows[8].SentAt = "", time.Now()                   // was not created
		rows[8].Person = provision.Person{Subject: "new", Name: "New", Email: "new@example.com"}
		tr.got = results{}
		tr.run(t.Context(), rows, provision.Options{Task: provision.Delete})
		if tr.err != nil {
			t.Error(tr.err)
		}
		tr.outcomes(t, rows, outcomes{provision.Deleted: 296, provision.Created: 2, provision.Exists: 1,
			provision.Pending: 1})
		for number, code := range map[int]string{4: "", 5: provision.CodeNotCreatedHere, 6: provision.CodeNotCreatedHere,
			7: "", 8: "", 9: provision.CodeMaybeCreated} {
			if res := tr.got.of[number]; res.Code != code {
				t.Errorf("%+v", res)
			}
		}
		for _, res := range tr.got.all {
			if res.Number == 7 && res.Outcome != provision.Deleted && res.Outcome != provision.Created {
				t.Errorf("%+v: a later run could create the row again", res)
			}
		}
		if first := tr.got.all[slices.IndexFunc(tr.got.all,
			func(res provision.Result) bool { return res.Number == 7 })]; first.Outcome != provision.Created ||
			first.UserID == "" {
			t.Errorf("before the delete of row 7: %+v", first)
		}
		if n := len(spy.to(sandbox.EndpointDelete)); n != 295 {
			t.Errorf("%d deletes", n)
		}
		if tr.took < 30*time.Second {
			t.Errorf("a user that was not found was called gone after %v", tr.took)
		}
		if n := len(tr.tenant.Users()); n != 5 { // two of other subjects, the one that existed, those of rows 4 and 9
			t.Errorf("%d users are left", n)
		}
	})
}

func TestRefusedDeleteStaysCreated(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, _ := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		rows := people(30)
		tr.run(t.Context(), rows, provision.Options{})
		for i := range rows {
			rows[i].UserID = tr.got.of[i+1].UserID
		}
		tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 400, On: sandbox.EndpointDelete,
			Subjects: subjectsOf(rows[3:5])})
		tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 403, On: sandbox.EndpointDelete,
			Subjects: subjectsOf(rows[5:6])})
		tr.run(t.Context(), rows, provision.Options{Task: provision.Delete})
		tr.outcomes(t, rows, outcomes{provision.Deleted: 27, provision.Created: 3})
		if res := tr.got.of[4]; res.UserID != rows[3].UserID || res.HTTPStatus != 400 || res.Message == "" || tr.err != nil {
			t.Errorf("%+v, %v", res, tr.err)
		}
	})
}

func TestLimitStopsInGoodOrder(t *testing.T) {
	for _, limit := range []int{1, 10, 60, 500} {
		t.Run(fmt.Sprint(limit), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
				rows := people(3000)
				for _, row := range rows[:20] {
					tr.tenant.Add(userOf(row))
				}
				tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 503, On: sandbox.EndpointCreate, Times: 1})
				tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 429, On: sandbox.EndpointCreate, Times: 1})
				tr.run(t.Context(), rows, provision.Options{Limit: limit})
				if tr.err != nil {
					t.Error(tr.err)
				}
				creates := spy.to(sandbox.EndpointCreate)
				if n := subjects(creates); n != limit || tr.got.count(provision.Created) != limit {
					t.Errorf("creates of %d rows, %d are created", n, tr.got.count(provision.Created))
				}
				if n := tr.got.count(provision.Exists); n != 20 {
					t.Errorf("%d exist", n)
				}
				if p := tr.last.Load().Progress(); p.Writes != limit || p.TimeLeft != 0 {
					t.Errorf("%+v", p)
				}
			})
		})
	}
}

func TestLimitDoesNotWaitForLookups(t *testing.T) {
	for _, delay := range []time.Duration{0, 3 * time.Second} { // answered before and after the limit is reached
		synctest.Test(t, func(t *testing.T) {
			tr, _ := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
			tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 429, RetryAfter: "600", On: sandbox.EndpointFilter,
				Skip: 1, Delay: delay})
			rows := people(300)
			tr.run(t.Context(), rows, provision.Options{Limit: 10})
			tr.outcomes(t, rows, outcomes{provision.Created: 10, provision.Pending: 290})
			if tr.err != nil || tr.took > 10*time.Second {
				t.Errorf("%v after %v", tr.err, tr.took)
			}
		})
	}
}

func TestApproveSeesWhatWillBeSent(t *testing.T) {
	declined := errors.New("declined")
	for _, answer := range []error{nil, declined} {
		synctest.Test(t, func(t *testing.T) {
			tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
			rows := people(2000)
			for i, row := range rows {
				user := userOf(row)
				switch {
				case i%2 == 0: // more than are looked up ahead of writes
					continue
				case i%10 == 1:
					user.Name, user.Email = "Zoe Zidane", fmt.Sprintf("zoe%d@example.com", i)
				case i%10 == 3:
					user.Name = fmt.Sprint("Personne ", i)
				}
				tr.tenant.Add(user)
			}
			var plan provision.Plan
			calls := 0
			tr.run(t.Context(), rows, provision.Options{
				Update: provision.Update{Name: true},
				Approve: func(p provision.Plan) error {
					plan = p
					calls++
					if n := len(spy.to(sandbox.EndpointFilter)); n < 2000/(qlik.MaxTerms/2) {
						t.Errorf("%d lookups before it", n)
					}
					if n := len(spy.to(sandbox.EndpointCreate)) + len(spy.to(sandbox.EndpointPatch)); n > 0 {
						t.Errorf("%d writes before it", n)
					}
					time.Sleep(time.Hour) // waiting for approval is no lack of progress
					return answer
				},
			})
			if !errors.Is(tr.err, answer) || answer == nil && tr.err != nil || calls != 1 {
				t.Errorf("%v, %d calls", tr.err, calls)
			}
			want := provision.Plan{Create: 1000, Change: 200, Estimate: 7 * time.Minute}
			plan.Estimate = plan.Estimate.Round(time.Second)
			if plan != want || plan.Writes() != 1200 {
				t.Errorf("%+v, want %+v", plan, want)
			}
			if answer != nil {
				tr.outcomes(t, rows, outcomes{provision.Exists: 600, provision.Failed: 200, provision.Pending: 1200})
				return
			}
			tr.outcomes(t, rows, outcomes{provision.Exists: 600, provision.Failed: 200, provision.Created: 1000,
				provision.Updated: 200})
		})
	}
}

func TestBrakeStopsARunThatIsRefused(t *testing.T) {
	refused := faults.Fault{Kind: faults.Status, Status: 400, Code: "USERS-10", Title: "No seats"}
	conflict := faults.Fault{Kind: faults.Status, Status: 409, Code: "USERS-9", Title: "Taken"}
	page := faults.Fault{Kind: faults.LoginPage}
	later := func(f faults.Fault, skip int) faults.Fault { f.Skip = skip; return f }
	for _, test := range []struct {
		name   string
		faults []faults.Fault
		err    error
		failed int // at least
		most   int // creates
	}{
		{"from the start", []faults.Fault{refused}, provision.ErrRefusedAll, 20, 20 + workers},
		// A list may lag behind: what is sent in the half minute until that is ruled out is not held back.
		{"conflicts without a user", []faults.Fault{conflict}, provision.ErrRefusedAll, 0, 500 + 100},
		{"after one was accepted", []faults.Fault{later(refused, 1)}, nil, 499, 500},
		{"with another code", []faults.Fault{later(faults.Fault{Kind: faults.Status, Status: 400, Code: "USERS-11",
			Times: 1}, 5),
			refused}, nil, 500, 500},
		{"a login page", []faults.Fault{page}, provision.ErrUnreadable, 0, 20 + workers},
		// The last good answers may come after bad ones of the same moment.
		{"a login page after 300", []faults.Fault{later(page, 300)}, provision.ErrUnreadable, 0, 300 + 20 + 2*workers},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
				for _, f := range test.faults {
					f.On = sandbox.EndpointCreate
					tr.tenant.Inject(f)
				}
				rows := people(500)
				if test.failed == 0 {
					rows = people(1000)
				}
				tr.run(t.Context(), rows, provision.Options{Rate: 100.0 / 60, Burst: 500})
				if !errors.Is(tr.err, test.err) || test.err == nil && tr.err != nil {
					t.Errorf("the run ended with %v, want %v", tr.err, test.err)
				}
				if n := len(spy.to(sandbox.EndpointCreate)); n > test.most {
					t.Errorf("%d creates, want at most %d", n, test.most)
				}
				if n := tr.got.count(provision.Failed); n < test.failed || test.failed == 0 && n > 0 {
					t.Errorf("%d failed: %s", n, tr.example(provision.Failed))
				}
				for _, res := range tr.got.of {
					switch {
					case res.Outcome != provision.Pending:
					case strings.HasPrefix(test.name, "a login page") && res.Code != provision.CodeMaybeCreated:
						t.Errorf("%+v", res)
					}
				}
				tr.truth(t, rows)
				t.Log(tr.err)
			})
		})
	}
}

func TestBrakeSparesConflictsThatAreExplained(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, _ := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
		rows := people(500)
		for _, row := range rows {
			tr.tenant.Add(userOf(row))
		}
		tr.run(t.Context(), rows, provision.Options{NoLookup: true})
		tr.check(t, rows)
		tr.outcomes(t, rows, outcomes{provision.Exists: 500})
	})
}

func TestBrakeSparesConflictsThatAListDoesNotShowYet(t *testing.T) {
	for lag, want := range map[time.Duration]outcomes{
		10 * time.Second: {provision.Exists: 100, provision.Created: 100},
		time.Hour:        {provision.Pending: 100, provision.Created: 100},
	} {
		synctest.Test(t, func(t *testing.T) {
			tr, _ := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency, Lag: lag}, qlik.Options{})
			rows := people(200)
			tr.run(t.Context(), rows[:100], provision.Options{}) // as another program, just before
			tr.got = results{}
			tr.run(t.Context(), rows, provision.Options{})
			tr.check(t, rows)
			tr.outcomes(t, rows, want)
		})
	}
}

func TestBrakeCountsConflictsWithOtherPersons(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
		rows := people(200)
		for _, row := range rows {
			tr.tenant.Add(sandbox.User{Subject: row.Person.Subject, Name: "Zoe", Email: "zoe+" + row.Person.Email})
		}
		tr.run(t.Context(), rows, provision.Options{NoLookup: true})
		if n := len(spy.to(sandbox.EndpointCreate)); !errors.Is(tr.err, provision.ErrRefusedAll) || n > 20+workers {
			t.Errorf("%v after %d creates", tr.err, n)
		}
	})
}

func TestBrakeSparesConflictsAfterLostAnswers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		o := sandbox.Options{Limit: sandbox.LimitOff, Latency: latency, Lag: 45 * time.Second}
		tr, _ := watched(t, o, qlik.Options{})
		rows := people(20)
		tr.tenant.Inject(faults.Fault{Kind: faults.Reset, On: sandbox.EndpointCreate, After: true, Times: 20})
		tr.run(t.Context(), rows, provision.Options{})
		if tr.err != nil || tr.got.count(provision.Failed) > 0 {
			t.Errorf("%v, %s", tr.err, tr.example(provision.Failed))
		}
	})
}

func TestBrakeSparesUnreadableAnswersThatLookupsSettle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, _ := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
		rows := people(100)
		for _, row := range rows {
			tr.tenant.Add(userOf(row))
		}
		tr.tenant.Inject(faults.Fault{Kind: faults.Partial, Skip: 30, Times: 30})
		tr.run(t.Context(), rows, provision.Options{Task: provision.Disable, Workers: 2})
		tr.check(t, rows)
		tr.outcomes(t, rows, outcomes{provision.Disabled: 100})
	})
}

func TestBrakeSparesDeletesOfUsersThatAreGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, _ := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
		rows := people(60)
		tr.run(t.Context(), rows, provision.Options{})
		for i := range rows {
			rows[i].UserID = tr.got.of[i+1].UserID
		}
		gone := faults.Fault{Kind: faults.Status, Status: 404, On: sandbox.EndpointDelete, After: true}
		tr.tenant.Inject(gone)
		tr.got = results{}
		tr.run(t.Context(), rows, provision.Options{Task: provision.Delete})
		tr.check(t, rows)
		tr.outcomes(t, rows, outcomes{provision.Deleted: 60})
		if tr.took > 5*time.Second { // half a minute is for users that nobody was asked to delete
			t.Errorf("it took %v", tr.took)
		}
	})
}

func TestVerifyFindsWhatDiffers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		rows := people(300)
		promises := make([]provision.Promise, len(rows))
		for i, row := range rows {
			row.UserID = fmt.Sprint("u", i)
			promises[i] = provision.Promise{Row: row, Outcome: provision.Created}
			user := userOf(row)
			user.ID = row.UserID
			p := &promises[i]
			switch i {
			case 10: // created, and gone
				continue
			case 11:
				user.Status = "disabled"
			case 12:
				p.Outcome, p.Code, user.Status = provision.Exists, provision.CodeDisabled, "disabled"
			case 13:
				p.Outcome = provision.Disabled
			case 14:
				p.Outcome, user.Status = provision.Disabled, "disabled"
			case 15: // disabled, and gone
				p.Outcome = provision.Disabled
				continue
			case 16:
				p.Outcome = provision.Deleted
			case 17: // deleted, and gone
				p.Outcome = provision.Deleted
				continue
			case 18:
				p.Outcome, p.Row.UserID = provision.Failed, ""
			case 19: // failed, and nobody
				p.Outcome, p.Row.UserID = provision.Failed, ""
				continue
			case 20: // failed, and another person has the subject
				p.Outcome, user.Name, user.Email = provision.Failed, "Zoe", "zoe@example.com"
			case 21:
				p.Outcome, p.Row.UserID = provision.Pending, ""
			case 22: // of unchanged, nobody
				p.Outcome, p.Row.UserID, p.Code = provision.Unchanged, "", provision.CodeNotFound
				continue
			case 23:
				p.Outcome = provision.Skipped
			case 24: // renamed
				user.Subject, user.Email = "other", "other@example.com"
			}
			tr.tenant.Add(user)
		}
		differences, err := provision.New(tr.client, provision.Options{}).Verify(t.Context(), promises)
		if err != nil {
			t.Fatal(err)
		}
		var numbers []int
		for _, d := range differences {
			numbers = append(numbers, d.Number-1)
			if d.Message == "" || d.Outcome != promises[d.Number-1].Outcome {
				t.Errorf("%+v", d)
			}
		}
		if want := []int{10, 11, 13, 16, 18, 21}; !slices.Equal(numbers, want) {
			t.Errorf("rows %v differ, want %v", numbers, want)
		}
		for _, c := range spy.calls {
			if c.endpoint != sandbox.EndpointFilter && c.endpoint != sandbox.EndpointToken {
				t.Errorf("a request to %s", c.endpoint)
			}
		}
	})
}

func TestVerifyNamesRowsWhoseLookupIsRefused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, _ := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		rows := people(100)
		tr.tenant.Inject(faults.Fault{Kind: faults.Status, Status: 400, On: sandbox.EndpointFilter,
			Subjects: subjectsOf(rows[7:8])})
		promises := make([]provision.Promise, len(rows))
		for i, row := range rows {
			promises[i] = provision.Promise{Row: row, Outcome: provision.Failed}
		}
		run := provision.New(tr.client, provision.Options{})
		found, err := run.Verify(t.Context(), promises)
		if err != nil || len(found) != 1 || found[0].Number != 8 || !strings.Contains(found[0].Message, "refused") {
			t.Errorf("%v, %+v", err, found)
		}
		if p := run.Progress(); p.Finished != len(rows) {
			t.Errorf("%+v", p)
		}
	})
}

func TestVerifyEndsWithTheErrorsOfARun(t *testing.T) {
	for name, test := range map[string]struct {
		fault faults.Fault
		err   error
	}{
		"forbidden":   {faults.Fault{Kind: faults.Status, Status: 403, On: sandbox.EndpointFilter}, provision.ErrLookups},
		"unreachable": {faults.Fault{Kind: faults.Reset}, provision.ErrUnreachable},
		"down":        {faults.Fault{Kind: faults.Status, Status: 503, On: sandbox.EndpointFilter}, provision.ErrPatience},
		"credentials": {faults.Fault{Kind: faults.Status, Status: 401, On: sandbox.EndpointToken}, qlik.ErrCredentials},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, _ := watched(t, sandbox.Options{}, qlik.Options{})
				tr.tenant.Inject(test.fault)
				row := provision.Row{Number: ada.Number, Person: ada.Person, UserID: "u1"}
				promises := []provision.Promise{{Row: row, Outcome: provision.Created}}
				found, err := provision.New(tr.client, provision.Options{}).Verify(t.Context(), promises)
				if !errors.Is(err, test.err) || len(found) > 0 {
					t.Errorf("%v, %+v", err, found)
				}
			})
		})
	}
}

func TestRunRefusesWhatItCannotDo(t *testing.T) {
	tr, spy := watched(t, sandbox.Options{}, qlik.Options{})
	made := provision.Row{Number: 1, Person: ada.Person, UserID: "u1"}
	for name, test := range map[string]struct {
		rows   []provision.Row
		record func(provision.Result) error
	}{
		"a row number twice":   {[]provision.Row{ada, ada}, tr.got.record},
		"no row number":        {[]provision.Row{{Person: ada.Person}}, tr.got.record},
		"no subject":           {[]provision.Row{{Number: 1}}, tr.got.record},
		"nobody records":       {nil, nil},
		"a create with a user": {[]provision.Row{made}, tr.got.record},
	} {
		if err := provision.New(tr.client, provision.Options{}).Run(t.Context(), test.rows, test.record); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	run := provision.New(tr.client, provision.Options{})
	if err := run.Run(t.Context(), nil, tr.got.record); err != nil {
		t.Error(err)
	}
	if err := run.Run(t.Context(), nil, tr.got.record); err == nil {
		t.Error("a run was used twice")
	}
	if _, err := run.Verify(t.Context(), nil); err == nil {
		t.Error("a run was used again to verify")
	}
	if len(spy.calls) > 0 {
		t.Errorf("%d requests", len(spy.calls))
	}
}

func TestChangeOfAKilledRunIsItsOwn(t *testing.T) {
	for _, task := range []provision.Task{provision.Create, provision.Disable} {
		tr, _ := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		rows := people(3)
		want := provision.Updated
		o := provision.Options{Task: task, Update: provision.Update{Name: task == provision.Create}}
		for i := range rows {
			user := userOf(rows[i])
			user.ID = fmt.Sprint("u", i)
			if task == provision.Disable {
				want, user.Status = provision.Disabled, "disabled"
			}
			tr.tenant.Add(user)
		}
		// The first row's change took effect before the kill, the second was never sent, the third was about another user.
		rows[0].ChangedUser = "u0"
		rows[2].ChangedUser = "u99"
		tr.run(t.Context(), rows, o)
		got := tr.got.of[rows[0].Number]
		if tr.err != nil || got.Outcome != want || got.Code != "" {
			t.Errorf("%v: %v, %+v", task, tr.err, got)
		}
		for _, row := range rows[1:] {
			if got := tr.got.of[row.Number].Outcome; got != provision.Exists && got != provision.Unchanged {
				t.Errorf("%v: row %d is %s", task, row.Number, got)
			}
		}
	}
}
