package page

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"qlik-provision/provision"
	"qlik-provision/report"
)

func TestPageCountsAsSummaryDoes(t *testing.T) {
	samples := runSamples()
	samples[9].unsent(provision.Duplicate) // of row 389, which failed
	samples[9].subject, samples[9].message = samples[388].subject, "same person as row 389"
	r := results(samples)
	page := string(pageOf(t, r))
	open := strings.Count(page, " class=open>") + strings.Count(page, " class=open data-")
	if open != r.Summary().NotDone {
		t.Errorf("%d rows are not done, want %d", open, r.Summary().NotDone)
	}
	wantTexts(t, r, []string{"<tr id=row-10 class=open", "<tr id=row-341>"}, nil)
}

func TestPageStatesOutcomeOfRun(t *testing.T) {
	at := sampleStart()
	ok := sample{subject: "1", outcome: "created", at: at, tries: 1}
	disabled := sample{
		subject: "2", outcome: "exists", code: "disabled", message: "disabled on the tenant", at: at.Add(80 * time.Second),
	}
	differing := sample{subject: "5", outcome: "exists", code: "differs", message: "name differs", at: at}
	bad := sample{subject: "3", outcome: "failed", code: "USERS-4", message: "no", at: at.Add(90 * time.Second), tries: 1}
	open := sample{subject: "4", outcome: "pending"}
	created := func(subject string, after time.Duration) sample {
		return sample{subject: subject, outcome: "created", at: at.Add(after), tries: 1}
	}
	for _, c := range []struct {
		what        string
		samples     []sample
		has, hasNot []string
	}{
		{"everything done", []sample{ok, disabled, differing},
			[]string{"All 3 rows are done", "exists, disabled: 1</title>",
				"3 rows were finished in 1m20s", "2 Mar 2026, 09:16:17 UTC", "Done, but worth checking",
				"name differs</p>", "disabled on the tenant</p>", `<rect class="s-locked"`},
			[]string{"Why rows are not done", `value="open"`, "qlik-provision retry"}},
		{"a short run", []sample{ok, created("2", 59*time.Second)}, nil, []string{`class="chart`}},
		{"one row, done", []sample{ok}, []string{"The one row is done"}, []string{`class="chart`, "Done, but"}},
		{"one of one not", []sample{bad}, []string{"0 of 1 row is done", "failed: 1</title>", `value="failed"`}, nil},
		{"some not", []sample{ok, disabled, bad, open},
			[]string{"2 of 4 rows are done", "failed: 1</title>", "pending: 1</title>",
				`<a href="#row-3">3 <bdi>3</bdi></a>`, "id=row-4 class=open", "not in the export. Do not open",
				"<code>qlik-provision retry new-hires.results.csv</code>"},
			[]string{"other causes"}},
		{"one outcome not done", []sample{ok, open, open}, []string{`value="open"`, `value="created"`, `value="pending"`,
			"For the rows that are not done, the administrator runs:\n<code>qlik-provision retry new-hires.results.csv</code>"},
			[]string{"Correct these cells"}},
		{"a plan without lookups", []sample{open, open}, []string{"Nothing has been sent yet: 2 rows"},
			[]string{"First outcome", `class="chart`}},
		{"a plan with lookups", []sample{disabled, open, open},
			[]string{"Nothing has been sent yet: 3 rows", "exists, disabled: 1</title>", "pending: 2</title>"}, nil},
		{"a pause between two runs", []sample{ok, created("2", 65*time.Second), created("3", 26*time.Hour)},
			[]string{"3 rows were finished in 1m5s, with 1 pause between runs", "a pause of 25h58m55s"}, nil},
		{"pauses between three runs",
			[]sample{ok, created("2", time.Hour), created("3", 3*time.Hour), created("4", 3*time.Hour+2*time.Minute)},
			[]string{"4 rows were finished in 2m0s, with 2 pauses between runs; for about 1m55s"}, nil},
		{"a wait", []sample{ok, created("2", time.Second), created("3", 2*time.Second), created("4", 72*time.Second)},
			[]string{"4 rows were finished in 1m12s; for about 1m5s of it no row was finished (shaded)", "no row in 5s"},
			[]string{"between runs"}},
		{"a message as long as the page shows",
			[]sample{{outcome: "failed", message: strings.Repeat("m", maxShown-2) + "é"}},
			[]string{"<td>" + strings.Repeat("m", maxShown-2) + "é\n"}, nil},
		{"a longer message", []sample{{outcome: "failed", message: strings.Repeat("m", maxShown-1) + "é"}},
			[]string{"<td>" + strings.Repeat("m", maxShown-3) + "…\n"}, nil},
	} {
		t.Run(c.what, func(t *testing.T) { wantTexts(t, results(c.samples), c.has, c.hasNot) })
	}
}

func TestPageLimitsCauses(t *testing.T) {
	var samples []sample
	for i := range maxCauses + 3 {
		samples = append(samples, sample{outcome: "failed", code: fmt.Sprintf("CODE-%d", i), message: "no"})
	}
	samples = append(samples, sample{outcome: "failed", code: "CODE-52", message: "no"}) // the most frequent
	wantTexts(t, results(samples),
		[]string{"3 rows have other causes.", "<code>CODE-52</code>", "<code>CODE-48</code>",
			"id=row-53 class=open data-cause=1>"},
		[]string{"<code>CODE-49</code>", "data-cause=0", "data-cause=51"})
}

func TestPageExplainsEveryOutcome(t *testing.T) {
	var samples []sample
	for _, o := range provision.Outcomes() {
		samples = append(samples, sample{outcome: o})
		if !slices.ContainsFunc(kinds(), func(k kind) bool { return k.Class == string(o) }) {
			t.Errorf("%s has no meaning", o)
		}
	}
	page := string(pageOf(t, results(samples)))
	for _, o := range provision.Outcomes() {
		filter := `name="outcome" value="` + string(o) + `"`
		if !strings.Contains(pageCSS, ".s-"+string(o)+" {") || !strings.Contains(page, filter) {
			t.Errorf("the page has no colour or no filter for %s", o)
		}
	}
}

func TestPageStatesWhetherRunIsComplete(t *testing.T) {
	r := results([]sample{{outcome: "created"}, {outcome: "pending"}})
	r.Running, r.Holder, r.Unmerged = true, "process 4711 on pc7", true
	wantTexts(t, r, []string{"A run is working on this file.", "(process 4711 on pc7)"}, []string{"did not reach its end"})
	r.Running = false
	wantTexts(t, r, []string{"A run did not reach its end."}, []string{"A run is working"})
	r.Unmerged, r.Warnings = false, []string{"2 of at least 4 rows are no longer in the file"}
	wantTexts(t, r, r.Warnings, []string{"did not reach its end", "A run is working"})
}

func TestPageNamesTenant(t *testing.T) {
	for tenant, want := range map[string]string{
		"sandbox": "no real user was created", "": "not contacted", "acme.eu.qlikcloud.com": "acme.eu.qlikcloud.com</dd>",
	} {
		r := results([]sample{{outcome: "created"}})
		r.Rows[0].Entry.Tenant = tenant
		wantTexts(t, r, []string{want, "create --subject &#39;Employee ID&#39;"}, nil)
	}
}

// wantTexts checks which texts are in the source of the page.
func wantTexts(t *testing.T, r *report.ResultFile, has, hasNot []string) {
	t.Helper()
	page := string(pageOf(t, r))
	for _, s := range has {
		if !strings.Contains(page, s) {
			t.Errorf("the page does not have %q", s)
		}
	}
	for _, s := range hasNot {
		if strings.Contains(page, s) {
			t.Errorf("the page has %q", s)
		}
	}
}

func TestPageNamesPersonsAndColumn(t *testing.T) {
	r := results([]sample{
		{name: "<b>Ada</b>", subject: "7", outcome: "invalid", code: "bad-email",
			message: `column "Mail": "x" is no address`},
		{subject: "8", outcome: "invalid", code: "bad-email", message: `column "Mail": "y" is no address`},
		{email: "e@x.example", outcome: "failed", code: "X-9", message: "no", status: 400},
		{subject: "9", outcome: "failed", code: "admin-role", message: "no", status: 200},
	})
	wantTexts(t, r, []string{
		"1 <bdi>&lt;b&gt;Ada&lt;/b&gt;</bdi></a>", "2 <bdi>8</bdi></a>", "3 <bdi>e@x.example</bdi></a>",
		"column &#34;Mail&#34;: &#34;x&#34; is no address (2 rows)</option>", `<span class="quiet">Row 1:</span> column`,
		"Employee ID (subject)</th>", "<th>Employee ID (subject)<th>", "HTTP 400",
	}, []string{"HTTP 200"})
	r.Action.Subject = "idp|{Employee ID}"
	wantTexts(t, r, []string{">Subject</th>"}, nil)
}

func TestRetryCommandIsSafeToPaste(t *testing.T) {
	open := results([]sample{{outcome: "pending"}})
	for name, want := range map[string]string{
		"hr.results.csv": "qlik-provision retry hr.results.csv", "Größe-2.csv": "qlik-provision retry Größe-2.csv",
		"hr (2).csv": `qlik-provision retry "hr (2).csv"`, "$(rm x).csv": "", "a;b.csv": "", "-o.csv": "",
		"a`b.csv": "", "a'b.csv": "", `a"b.csv`: "", "a\nb.csv": "", "%a%.csv": "",
	} {
		open.Path = "/results/" + name
		if got := newView(open, sampleStart()).Retry; got != want {
			t.Errorf("for %q: %q, want %q", name, got, want)
		}
	}
	open.Path, open.Rows[0].Entry.Tenant = "/results/hr.csv", "sandbox"
	if got := newView(open, sampleStart()).Retry; got != "qlik-provision retry hr.csv --sandbox" {
		t.Error(got)
	}
}
