package provision_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/time/rate"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
)

func TestALookupSaysWhoIsThereAndWhatDiffers(t *testing.T) {
	row := provision.Row{Number: 1, Subject: "emp-1", Name: "Ada Byron", Email: "ada@example.com"}
	for _, test := range []struct {
		name, status string
		there        sandbox.User
		state        provision.State
		code, said   string
	}{
		{"the very same", "", sandbox.User{Name: "Ada Byron", Email: "ada@example.com"}, provision.Exists, "", ""},
		{"in another case, with space around", "", sandbox.User{Name: " ADA BYRON", Email: "Ada@Example.com"}, provision.Exists, "", ""},
		{"another name", "", sandbox.User{Name: "Ada Lovelace", Email: "ada@example.com"}, provision.Exists, "", `name differs: "Ada Lovelace" there`},
		{"another address", "", sandbox.User{Name: "Ada Byron", Email: "al@example.com"}, provision.Exists, "", `email differs: "al@example.com" there`},
		{"no name", "", sandbox.User{Email: "ada@example.com"}, provision.Exists, "", "no name there"},
		{"disabled, and another name", "", sandbox.User{Name: "Ada Lovelace", Email: "ada@example.com", Status: "disabled"}, provision.Exists, "", `disabled on the tenant; name differs: "Ada Lovelace" there`},
		{"disabled", "invited", sandbox.User{Name: "Ada Byron", Email: "ada@example.com", Status: "disabled"}, provision.Exists, "", "disabled on the tenant"},
		{"invited where active is wanted", "active", sandbox.User{Name: "Ada Byron", Email: "ada@example.com", Status: "invited"}, provision.Exists, "", "status there: invited"},
		{"active where invited is wanted", "invited", sandbox.User{Name: "Ada Byron", Email: "ada@example.com"}, provision.Exists, "", "status there: active"},
		{"somebody else", "", sandbox.User{Name: "Zoe", Email: "zoe@example.com"}, provision.Failed, provision.OtherPerson, "the subject belongs to another person: Zoe <zoe@example.com> on the tenant, Ada Byron <ada@example.com> in the file"},
		{"somebody else without a name", "", sandbox.User{Email: "zoe@example.com"}, provision.Failed, provision.OtherPerson, "the subject belongs to another person: zoe@example.com on the tenant, Ada Byron <ada@example.com> in the file"},
		{"somebody else without an address", "", sandbox.User{Name: "Zoe"}, provision.Failed, provision.OtherPerson, "the subject belongs to another person: Zoe on the tenant, Ada Byron <ada@example.com> in the file"},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{}, qlik.Options{})
				test.there.Subject, test.there.ID = "emp-1", "u1"
				tr.tenant.Add(test.there)
				tr.run(t.Context(), []provision.Row{row}, provision.Options{Status: test.status})
				out := tr.got.of[1]
				if tr.err != nil || out.State != test.state || out.ErrorCode != test.code || out.Message != test.said || out.UserID != "u1" || out.Attempts != 0 {
					t.Errorf("%+v, %v", out, tr.err)
				}
				if n := len(spy.to(sandbox.EndpointCreate)) + len(spy.to(sandbox.EndpointList)); n > 0 {
					t.Errorf("%d creates and looks", n)
				}
			})
		})
	}
}

func TestASubjectStaysData(t *testing.T) {
	odd := []string{
		`a" or subject co "e`, `"`, `\`, `\\`, `\"`, `a\" or \"b`, `corp\jdoe`, `*`, `%`, `emp-*`, `(a)`, `not (a)`, `a eq "b"`, `' or '1'='1`,
		"Ünïcødé", "日本語", "👩‍👩‍👧", "a\u2028b", "<b>&amp;</b>", "a b", "tab\there", "null", "true", "\u0000", "e\u0301", strings.Repeat("x", 3000),
	}
	for _, noLookup := range []bool{false, true} {
		for _, there := range []bool{false, true} {
			t.Run(fmt.Sprintf("there %v, no lookup %v", there, noLookup), func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					tr, _ := watched(t, sandbox.Options{}, qlik.Options{})
					rows := make([]provision.Row, len(odd))
					for i, subject := range odd {
						rows[i] = provision.Row{Number: i + 1, Subject: subject, Name: "Person " + fmt.Sprint(i)}
						if there {
							tr.tenant.Add(sandbox.User{Subject: subject, Name: rows[i].Name})
						}
					}
					tr.tenant.Add(sandbox.User{Subject: "emp-00001", Name: "A bystander"})
					tr.run(t.Context(), rows, provision.Options{NoLookup: noLookup})
					tr.check(t, rows)
					want := map[bool]provision.State{false: provision.Created, true: provision.Exists}[there]
					tr.states(t, rows, map[provision.State]int{want: len(rows)})
				})
			})
		}
	}
}

func TestAFilterThatIsTooLongIsHalved(t *testing.T) {
	for _, match := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			tr, spy := watched(t, sandbox.Options{MaxTerms: 30}, qlik.Options{})
			rows := people(1000)
			for _, row := range rows[:900] {
				tr.tenant.Add(sandbox.User{Subject: row.Subject, Name: row.Name, Email: row.Email})
			}
			tr.run(t.Context(), rows, provision.Options{MatchEmail: match})
			tr.check(t, rows)
			tr.states(t, rows, map[provision.State]int{provision.Exists: 900, provision.Created: 100})
			lookups := spy.to(sandbox.EndpointFilter)
			size := 25
			if match {
				size = 13
			}
			if good := count(lookups, 200); good < 1000/size || good > 1000/size+10 || count(lookups, 400) > 8 {
				t.Errorf("%d lookups were answered and %d refused, of %d rows each", good, count(lookups, 400), size)
			}
			if n := len(spy.to(sandbox.EndpointCreate)); n != 100 {
				t.Errorf("%d creates", n)
			}
		})
	}
}

// A user with its roles is many times as large as what is asked for.
func TestAPageOfUsersWithManyRolesIsRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		rows := people(1000)
		roles := make([]string, 300)
		for i := range roles {
			roles[i] = fmt.Sprintf("CN=Group %03d,OU=Departments", i)
		}
		for _, row := range rows {
			tr.tenant.Add(sandbox.User{Subject: row.Subject, Name: row.Name, Email: row.Email, Roles: roles})
		}
		tr.run(t.Context(), rows, provision.Options{})
		tr.check(t, rows)
		tr.states(t, rows, map[provision.State]int{provision.Exists: 1000})
		if creates, lookups := len(spy.to(sandbox.EndpointCreate)), len(spy.to(sandbox.EndpointFilter)); creates > 0 || lookups != 10 {
			t.Errorf("%d creates, %d lookups", creates, lookups)
		}
	})
}

func TestRowsThatAFilterCannotAskForAreLeftOutAlone(t *testing.T) {
	for _, match := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
			rows := people(300)
			tr.tenant.Inject(sandbox.Fault{Kind: sandbox.FaultStatus, Status: 400, On: sandbox.EndpointFilter, Subjects: subjectsOf(rows[120:124])})
			tr.run(t.Context(), rows, provision.Options{MatchEmail: match})
			want := map[provision.State]int{provision.Created: 300}
			if match { // whether they are there under another subject nobody knows
				want = map[provision.State]int{provision.Created: 296, provision.Pending: 4}
			}
			tr.states(t, rows, want)
			if refused := count(spy.to(sandbox.EndpointFilter), 400); tr.err != nil || refused > 40 {
				t.Errorf("%d lookups were refused; %v", refused, tr.err)
			}
		})
	}
}

func TestLookupsAreLeftOutWhereTheyDoNotHelp(t *testing.T) {
	for _, test := range []struct {
		name    string
		fault   sandbox.Fault
		lookups [2]int // least and most
		said    string
	}{
		{"forbidden", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 403, Title: "Forbidden"}, [2]int{1, 1}, "lookups are refused (Forbidden)"},
		{"forbidden while several are in flight", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 403, Title: "Forbidden", Skip: 1}, [2]int{3, 5}, "lookups are refused (Forbidden)"},
		{"no such endpoint", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 404}, [2]int{1, 1}, "lookups are refused (Not Found)"},
		{"every filter is refused", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 400}, [2]int{10, 12}, "lookups are refused (Bad Request)"},
		{"5xx", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 500}, [2]int{15, 15}, "lookups fail (Internal Server Error)"},
		{"garbage", sandbox.Fault{Kind: sandbox.FaultGarbage}, [2]int{15, 15}, "lookups fail (HTTP 200 with an answer that cannot be read"},
		{"hang", sandbox.Fault{Kind: sandbox.FaultHang}, [2]int{15, 15}, "lookups fail (no answer: none within 2s)"},
		{"429 without an end", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 429}, [2]int{15, 15}, "lookups fail (Too Many Requests)"},
		{"5xx for one batch only", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 500, Subjects: []string{"emp-00350"}}, [2]int{25 + 4, 25 + 4}, ""},
		{"refused for one row only", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 400, Subjects: []string{"emp-00350"}}, [2]int{30, 60}, ""},
		{"out of order for ten seconds, while several are in flight", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 500, From: 250 * time.Millisecond, For: 10 * time.Second}, [2]int{30, 60}, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{Timeout: 2 * time.Second})
				test.fault.On = sandbox.EndpointFilter
				tr.tenant.Inject(test.fault)
				rows := people(2500)
				for i := 0; i < len(rows); i += 10 {
					tr.tenant.Add(sandbox.User{Subject: rows[i].Subject, Name: rows[i].Name})
				}
				var said []string
				tr.run(t.Context(), rows, provision.Options{Rate: rate.Inf, Notify: func(line string) { said = append(said, line) }})
				tr.check(t, rows)
				tr.states(t, rows, map[provision.State]int{provision.Created: 2250, provision.Exists: 250})
				if n := len(spy.to(sandbox.EndpointFilter)); n < test.lookups[0] || n > test.lookups[1] {
					t.Errorf("%d lookups, want %v", n, test.lookups)
				}
				if test.said == "" && len(said) > 0 || test.said != "" && (len(said) != 1 || !strings.HasPrefix(said[0], test.said)) {
					t.Errorf("said %q, want one line: %s", said, test.said)
				}
			})
		})
	}
}

func TestALookupThatFailedHoldsTheNextUpUntilACreateWasLetIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
		tr.tenant.Inject(sandbox.Fault{Kind: sandbox.FaultStatus, Status: 500, On: sandbox.EndpointFilter, Times: 5})
		tr.tenant.Inject(sandbox.Fault{Kind: sandbox.FaultStatus, Status: 429, RetryAfter: "60", On: sandbox.EndpointCreate, Times: 1})
		rows := people(1000)
		tr.run(t.Context(), rows, provision.Options{})
		tr.check(t, rows)
		creates, lookups := spy.to(sandbox.EndpointCreate), spy.to(sandbox.EndpointFilter)
		in := creates[slices.IndexFunc(creates, func(c *call) bool { return c.status == 201 })].done
		if len(lookups) != 5+9 || lookups[5].sent < in {
			t.Errorf("%d lookups, the sixth at %v; the first create was let in at %v", len(lookups), lookups[5].sent, in)
		}
	})
}

func TestRowsGoOnWithoutALookupWhereNoCreateIsLeftToBeLetIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, _ := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		rows := people(300)
		tr.tenant.Inject(sandbox.Fault{Kind: sandbox.FaultStatus, Status: 500, On: sandbox.EndpointFilter})
		tr.tenant.Inject(sandbox.Fault{Kind: sandbox.FaultStatus, Status: 500, On: sandbox.EndpointCreate, Subjects: subjectsOf(rows[:100])})
		tr.run(t.Context(), rows, provision.Options{Patience: 3 * time.Hour})
		tr.check(t, rows)
		tr.states(t, rows, map[provision.State]int{provision.Failed: 100, provision.Created: 200})
	})
}

func TestLimitsOfDifferentTiersDoNotSlowOneAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
		tr.tenant.Inject(sandbox.Fault{Kind: sandbox.FaultStatus, Status: 429, RetryAfter: "60", On: sandbox.EndpointFilter, Skip: 5, Times: 1})
		rows := people(3000)
		tr.run(t.Context(), rows, provision.Options{Rate: 10, Burst: 1})
		tr.check(t, rows)
		for i, c := range spy.to(sandbox.EndpointCreate)[1:] {
			if due := time.Duration(i)*100*time.Millisecond + time.Second; c.sent > due {
				t.Fatalf("create %d went %v late, though rows were there", i, c.sent-due)
			}
		}
		lookups := spy.to(sandbox.EndpointFilter)
		met := slices.IndexFunc(lookups, func(c *call) bool { return c.status == 429 })
		if n := len(within(lookups, lookups[met].done+1, lookups[met].done+60*time.Second-1)); n > 0 {
			t.Errorf("%d lookups while the tenant asked them to wait", n)
		}
	})
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff, Latency: latency}, qlik.Options{})
		tr.tenant.Inject(sandbox.Fault{Kind: sandbox.FaultStatus, Status: 429, RetryAfter: "60", On: sandbox.EndpointCreate, Times: 1})
		rows := people(3000)
		tr.run(t.Context(), rows, provision.Options{})
		tr.check(t, rows)
		if n := len(within(spy.to(sandbox.EndpointFilter), 0, 10*time.Second)); n < 20 || n > 22 {
			t.Errorf("%d lookups while the creates had to wait, want them to go on, twenty ahead", n)
		}
	})
}

func TestLookupsGoTwentyAheadAtTheMost(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
		rows := people(5000)
		tr.run(t.Context(), rows, provision.Options{Rate: 50, Burst: 1})
		if tr.err != nil {
			t.Error(tr.err)
		}
		lookups, creates := spy.to(sandbox.EndpointFilter), spy.to(sandbox.EndpointCreate)
		for i, c := range lookups {
			taken := len(within(creates, 0, c.sent+1))
			if ahead := i + 1 - taken/100; ahead > 21 { // twenty, and the one that the workers are at
				t.Fatalf("lookup %d was sent after %d creates: %d ahead", i+1, taken, ahead)
			}
		}
		if n := together(lookups); n > 4 {
			t.Errorf("%d lookups in flight at once", n)
		}
	})
}

func TestWhoIsThereUnderAnotherSubject(t *testing.T) {
	march := time.Date(1999, 3, 2, 0, 0, 0, 0, time.UTC)
	row := provision.Row{Number: 1, Subject: "emp-1", Name: "Ada Byron", Email: "Ada@Example.com"}
	bare := provision.Row{Number: 1, Subject: "emp-1", Name: "Ada Byron"}
	other := sandbox.User{ID: "u1", Subject: "auth0|81", Name: "Ada Byron", Email: "ada@example.com", CreatedAt: march}
	named := func(id, subject, status string) sandbox.User {
		return sandbox.User{ID: id, Subject: subject, Name: "Ada Byron", Email: "ada@example.com", Status: status, CreatedAt: march}
	}
	for _, test := range []struct {
		name     string
		row      provision.Row
		off      bool // match subjects only
		there    []sandbox.User
		state    provision.State
		id, said string
	}{
		{"the same address", row, false, []sandbox.User{other}, provision.Exists, "u1", "on the tenant as auth0|81, created 1999-03-02"},
		{"the same address, and another name", row, false, []sandbox.User{{ID: "u1", Subject: "auth0|81", Name: "A. B.", Email: "ada@example.com", CreatedAt: march}}, provision.Exists, "u1", `on the tenant as auth0|81, created 1999-03-02; name differs: "A. B." there`},
		{"the same address, disabled", row, false, []sandbox.User{named("u1", "auth0|81", "disabled")}, provision.Exists, "u1", "disabled on the tenant; on the tenant as auth0|81, created 1999-03-02"},
		{"several, of whom one is active", row, false, []sandbox.User{named("u1", "old", "disabled"), named("u2", "new", "active"), named("u3", "asked", "invited")}, provision.Exists, "u2",
			"on the tenant as new, created 1999-03-02; also as old, created 1999-03-02; also as asked, created 1999-03-02"},
		{"several, of whom none is active", row, false, []sandbox.User{named("u1", "old", "disabled"), named("u3", "asked", "invited")}, provision.Exists, "u1",
			"disabled on the tenant; on the tenant as old, created 1999-03-02; also as asked, created 1999-03-02"},
		{"the subject comes before the address", row, false, []sandbox.User{other, {ID: "u2", Subject: "emp-1", Name: "Ada Byron", Email: "ab@example.com"}}, provision.Exists, "u2", `email differs: "ab@example.com" there`},
		{"the subject is somebody else's", row, false, []sandbox.User{other, {ID: "u2", Subject: "emp-1", Name: "Zoe", Email: "zoe@example.com"}}, provision.Failed, "u2", "the subject belongs to another person: Zoe <zoe@example.com> on the tenant, Ada Byron <Ada@Example.com> in the file"},
		{"no address and no user", bare, false, []sandbox.User{other}, provision.Invalid, "", "no user has this subject, and there is no address to look for them by"},
		{"no address, but the subject", bare, false, []sandbox.User{{ID: "u2", Subject: "emp-1", Name: "Ada Byron"}}, provision.Exists, "u2", ""},
		{"nobody", row, false, nil, provision.Created, "", ""},
		{"a user without an address", row, false, []sandbox.User{{ID: "u1", Subject: "auth0|81", Name: "Ada Byron"}}, provision.Created, "", ""},
		{"the same address, where subjects alone count", row, true, []sandbox.User{other}, provision.Created, "", ""},
		{"no address, where subjects alone count", bare, true, nil, provision.Created, "", ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{}, qlik.Options{})
				for _, u := range test.there {
					tr.tenant.Add(u)
				}
				tr.run(t.Context(), []provision.Row{test.row}, provision.Options{MatchEmail: !test.off})
				out := tr.got.of[1]
				if tr.err != nil || out.State != test.state || out.Message != test.said || test.id != "" && out.UserID != test.id {
					t.Errorf("%+v, %v", out, tr.err)
				}
				if n := len(spy.to(sandbox.EndpointCreate)); (n == 1) != (test.state == provision.Created) {
					t.Errorf("%d creates", n)
				}
			})
		})
	}
}

func TestMatchingByAddressAsksForFiftyAtATimeOverAllPages(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{}, qlik.Options{})
		rows := people(400)
		for _, row := range rows[:200] {
			for i := range 3 { // 150 users answer to 50 rows
				tr.tenant.Add(sandbox.User{Subject: fmt.Sprintf("old-%d-%s", i, row.Subject), Email: row.Email, Status: []string{"disabled", "invited", "active"}[i]})
			}
		}
		tr.run(t.Context(), rows, provision.Options{MatchEmail: true})
		if tr.err != nil {
			t.Error(tr.err)
		}
		tr.states(t, rows, map[provision.State]int{provision.Exists: 200, provision.Created: 200})
		for _, row := range rows[:200] {
			if out := tr.got.of[row.Number]; !strings.HasPrefix(out.Message, "on the tenant as old-2-") {
				t.Errorf("%+v", out)
			}
		}
		if n := len(spy.to(sandbox.EndpointFilter)); n != 8+4 {
			t.Errorf("%d lookups, want eight and four second pages", n)
		}
	})
}

func TestEveryPageCountsInTheLookupsBudget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		tr, spy := watched(t, sandbox.Options{Limit: sandbox.LimitOff}, qlik.Options{})
		rows := people(7500)
		for _, row := range rows {
			for i := range 3 {
				tr.tenant.Add(sandbox.User{Subject: fmt.Sprintf("old-%d-%s", i, row.Subject), Email: row.Email})
			}
		}
		tr.run(t.Context(), rows, provision.Options{MatchEmail: true})
		lookups := spy.to(sandbox.EndpointFilter)
		if n := len(within(lookups, 0, time.Second)); tr.err != nil || len(lookups) != 300 || n < 195 || n > 215 {
			t.Errorf("%d of %d requests in the first second, want the 200 of the burst; %v", n, len(lookups), tr.err)
		}
	})
}

func TestWithTheRateOffLookupsGoAsTheTenantLetsThem(t *testing.T) {
	for limit, longest := range map[sandbox.Limit]time.Duration{
		sandbox.LimitOff:     2 * time.Second,
		sandbox.LimitRolling: time.Minute + 2*time.Second, // 200 at once, and the others when the tenant says so
	} {
		t.Run(string(limit), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Limit: limit}, qlik.Options{})
				rows := people(25_000)
				for _, row := range rows {
					tr.tenant.Add(sandbox.User{Subject: row.Subject, Name: row.Name, Email: row.Email})
				}
				began := time.Now()
				tr.run(t.Context(), rows, provision.Options{Rate: rate.Inf})
				if took := time.Since(began); tr.err != nil || took > longest {
					t.Errorf("it took %v; %v", took, tr.err)
				}
				if n := len(spy.to(sandbox.EndpointFilter)); n < 250 || n > 254 { // those that were in flight when the limit was met go again
					t.Errorf("%d lookups", n)
				}
				tr.states(t, rows, map[provision.State]int{provision.Exists: len(rows)})
			})
		})
	}
}

func TestMatchingByAddressNeverGoesOnWithoutALookup(t *testing.T) {
	type states = map[provision.State]int
	for _, test := range []struct {
		name  string
		fault sandbox.Fault
		err   error // nil: the run goes through
		want  states
	}{
		{"forbidden", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 403}, qlik.ErrForbidden, states{provision.Pending: 300}},
		{"every filter is refused", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 400}, qlik.ErrRefused, states{provision.Pending: 300}},
		{"one row's filter is refused", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 400, Subjects: []string{"emp-00077"}}, nil, states{provision.Pending: 1, provision.Exists: 299}},
		{"5xx for ever", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 500}, qlik.ErrNoAnswer, states{provision.Pending: 300}},
		{"down for two minutes", sandbox.Fault{Kind: sandbox.FaultStatus, Status: 500, For: 2 * time.Minute}, nil, states{provision.Exists: 300}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, sandbox.Options{Latency: latency}, qlik.Options{})
				test.fault.On = sandbox.EndpointFilter
				tr.tenant.Inject(test.fault)
				rows := people(300)
				for _, row := range rows {
					tr.tenant.Add(sandbox.User{Subject: "old-" + row.Subject, Email: row.Email})
				}
				tr.run(t.Context(), rows, provision.Options{MatchEmail: true})
				if (tr.err != nil) != (test.err != nil) || !errors.Is(tr.err, test.err) {
					t.Errorf("the run ended with %v, want %v", tr.err, test.err)
				}
				tr.states(t, rows, test.want)
				if n := len(spy.to(sandbox.EndpointCreate)); n > 0 {
					t.Errorf("%d creates", n)
				}
			})
		})
	}
}

func TestALookSendsNoCreate(t *testing.T) {
	for _, test := range []struct {
		name  string
		o     sandbox.Options
		fault sandbox.Fault
		err   error
	}{
		{"all goes well", sandbox.Options{}, sandbox.Fault{}, nil},
		{"a filter that is too long", sandbox.Options{MaxTerms: 30}, sandbox.Fault{}, nil},
		{"one row's filter is refused", sandbox.Options{}, sandbox.Fault{Kind: sandbox.FaultStatus, Status: 400, On: sandbox.EndpointFilter, Subjects: []string{"emp-00350"}}, nil},
		{"a failure that passes", sandbox.Options{}, sandbox.Fault{Kind: sandbox.FaultReset, On: sandbox.EndpointFilter, Times: 3}, nil},
		{"429", sandbox.Options{Filter: sandbox.Budget{Requests: 2, Window: time.Minute}}, sandbox.Fault{}, nil},
		{"forbidden", sandbox.Options{}, sandbox.Fault{Kind: sandbox.FaultStatus, Status: 403, On: sandbox.EndpointFilter}, qlik.ErrForbidden},
		{"every filter is refused", sandbox.Options{}, sandbox.Fault{Kind: sandbox.FaultStatus, Status: 400, On: sandbox.EndpointFilter}, qlik.ErrRefused},
		{"nobody answers", sandbox.Options{}, sandbox.Fault{Kind: sandbox.FaultReset}, qlik.ErrNoToken},
		{"credentials", sandbox.Options{}, sandbox.Fault{Kind: sandbox.FaultStatus, Status: 401, On: sandbox.EndpointToken}, qlik.ErrCredentials},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				tr, spy := watched(t, test.o, qlik.Options{})
				tr.tenant.Inject(test.fault)
				rows := people(700)
				for _, row := range rows[:300] {
					tr.tenant.Add(sandbox.User{Subject: row.Subject, Name: row.Name})
				}
				err := provision.Look(t.Context(), tr.client, all(rows), tr.got.record, provision.Options{})
				if (err != nil) != (test.err != nil) || !errors.Is(err, test.err) {
					t.Errorf("it ended with %v, want %v", err, test.err)
				}
				if err == nil && (tr.got.count(provision.Exists) != 300 || tr.got.all != 300) {
					t.Errorf("%d exist, %d outcomes", tr.got.count(provision.Exists), tr.got.all)
				}
				if n := len(spy.to(sandbox.EndpointCreate)) + len(spy.to(sandbox.EndpointList)); n > 0 {
					t.Errorf("%d requests that are no lookups", n)
				}
			})
		})
	}
}
