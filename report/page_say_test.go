package report

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"qlik-provision/provision"
)

func TestThePageCountsAsTheSummaryDoes(t *testing.T) {
	samples := runSamples()
	samples[9].outcome, samples[9].subject, samples[9].message = "duplicate", "nobody has it", "same person as row 1"
	path := sampleFile(t, samples)
	want, err := Summarize(path)
	if err != nil {
		t.Fatal(err)
	}
	file, err := look(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.close()
	got, err := gather(file.sheet)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(*want, got.Summary); diff != "" {
		t.Errorf("the page's counts differ from the summary's (-summary +page):\n%s", diff)
	}
	if want.Counts[provision.Duplicate] < 2 || len(got.listed) != want.NotDone {
		t.Errorf("of %d rows that are not done %d are listed, and %d rows are duplicates", want.NotDone, len(got.listed), want.Counts[provision.Duplicate])
	}
	if i := slices.IndexFunc(got.listed, func(r listedRow) bool { return r.Outcome == provision.Duplicate }); i < 0 || got.listed[i].Row != 10 {
		t.Error("the duplicate of a row that is not done is not listed, and it alone")
	}
}

func TestThePageSaysHowThingsStand(t *testing.T) {
	at := sampleStart()
	ok := sample{subject: "1", outcome: "created", at: at}
	later := sample{subject: "2", outcome: "exists", message: "disabled on the tenant", at: at.Add(20 * time.Second)}
	bad := sample{subject: "3", outcome: "failed", code: "USERS-4", message: "no", at: at.Add(90 * time.Second)}
	open := sample{subject: "4", outcome: "pending"}
	for _, c := range []struct {
		what    string
		samples []sample
		has     []string
		hasNot  []string
	}{
		{"everything done", []sample{ok, later}, []string{"All 2 rows are done", "1 with other data there, 1 disabled", "2 rows were settled in 20 s.", "2 Mar 2026, 09:15:17 UTC"}, []string{"not done", "<form", "table class=\"rows\""}},
		{"one row, done", []sample{ok}, []string{"The one row is done"}, []string{"class=\"chart"}},
		{"some not", []sample{ok, later, bad, open}, []string{"2 of 4 rows are done", "2 are not: 1 failed, 1 pending.", `<a href="#row-3">3</a>`, `id="row-4"`}, []string{"left out"}},
		{"a plan", []sample{open, open}, []string{"Nothing has been run yet: 2 rows"}, []string{"First outcome", "class=\"chart", "are not:"}},
		{"a gap between two runs", []sample{ok, {subject: "2", outcome: "created", at: at.Add(5 * time.Second)}, {subject: "3", outcome: "created", at: at.Add(26 * time.Hour)}},
			[]string{"3 rows were settled in 5 s, with a pause of 1 d 1 h.", "Pauses between runs are cut short", "a pause of 1 d 1 h"}, []string{"Shaded"}},
		{"gaps between three runs", []sample{ok, {subject: "2", outcome: "created", at: at.Add(time.Hour)}, {subject: "3", outcome: "created", at: at.Add(3 * time.Hour)}},
			[]string{"3 rows were settled in 0 s, with 2 pauses of 3 h together."}, []string{"Shaded"}},
		{"a wait", []sample{ok, {subject: "2", outcome: "created", at: at.Add(time.Second)}, {subject: "3", outcome: "created", at: at.Add(2 * time.Second)},
			{subject: "4", outcome: "created", at: at.Add(42 * time.Second)}},
			[]string{"4 rows were settled in 42 s; for 40 s of it nothing was let in.", "Shaded"}, []string{"Pauses between runs"}},
		{"a message as long as the page shows", []sample{{subject: "1", outcome: "failed", message: strings.Repeat("m", mostShown-2) + "é"}},
			[]string{strings.Repeat("m", mostShown-2) + "é<"}, []string{"m…"}},
		{"a longer message", []sample{{subject: "1", outcome: "failed", message: strings.Repeat("m", mostShown-1) + "é"}},
			[]string{">" + strings.Repeat("m", mostShown-1) + "…"}, []string{"\ufffd"}},
	} {
		page := string(pageOf(t, sampleFile(t, c.samples)))
		for _, s := range c.has {
			if !strings.Contains(page, s) {
				t.Errorf("%s: the page does not say %q", c.what, s)
			}
		}
		for _, s := range c.hasNot {
			if strings.Contains(page, s) {
				t.Errorf("%s: the page says %q", c.what, s)
			}
		}
	}
}

func TestThePageOfARunThatIsOnSaysSo(t *testing.T) {
	l, path := create(t, "Employee ID,Name\n1,Anna\n2,Ben\n3,Cleo\n", sandbox)
	rows := pending(t, l)
	record(t, l, created(rows[0]), failed(rows[1]))
	page := string(pageOf(t, path))
	for _, want := range []string{"This run is still on.", "1 of 3 rows are done", "1 failed, 1 pending", "(practice: no user was made anywhere)", "the tenant said no"} {
		if !strings.Contains(page, want) {
			t.Errorf("during the run the page does not say %q", want)
		}
	}
	closed(t, l)
	if page := string(pageOf(t, path)); strings.Contains(page, "still on") || !strings.Contains(page, "1 of 3 rows are done") {
		t.Error("after the run the page says that it is still on, or counts otherwise")
	}
}

func TestThePageOfARunThatWasKilledSaysSo(t *testing.T) {
	l, path := create(t, "Employee ID,Name\n1,Anna\n2,Ben\n", sandbox)
	record(t, l, created(pending(t, l)[0]))
	ledger, journal := read(t, path), read(t, path+".journal")
	closed(t, l)
	write(t, path, ledger)
	write(t, path+".journal", journal)
	if page := string(pageOf(t, path)); !strings.Contains(page, "A run did not come to its end.") || !strings.Contains(page, "1 of 2 rows are done") {
		t.Error("the page does not say that the run did not come to its end, or does not count what it did")
	}
}

func TestALongTableLeavesOutWhatOnlyWaits(t *testing.T) {
	const rows, failed = mostListed + 500, 20
	var l lists
	for i := range rows {
		r := resultRow{Entry: Entry{Row: i + 1, Outcome: provision.Pending}}
		if i >= rows-failed {
			r.Outcome = provision.Failed
		}
		l.add(r, i)
	}
	listed := l.merge(func(listedRow) bool { return true })
	if len(listed) != mostListed {
		t.Fatalf("the table has %d rows, want %d", len(listed), mostListed)
	}
	for i, r := range listed {
		if want := i + 1; i < mostListed-failed && r.Row != want {
			t.Fatalf("row %d is listed where row %d should be", r.Row, want)
		}
		if want := rows - mostListed + i + 1; i >= mostListed-failed && (r.Row != want || r.Outcome != provision.Failed) {
			t.Fatalf("row %d (%s) is listed where the failed row %d should be", r.Row, r.Outcome, want)
		}
	}

	g := &gathered{Summary: Summary{Rows: rows, NotDone: rows, Counts: map[provision.State]int{provision.Pending: rows}}, listed: listed[:3]}
	var b strings.Builder
	if err := pageTemplate().Execute(&b, viewOf(&looked{sheet: &sheet{name: "x.csv"}}, g, sampleStart())); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(b.String(), "20,497 rows are left out") {
		t.Error("the page does not say how many rows it leaves out")
	}
}

func TestWaitsAreWhatIsLongForTheirRun(t *testing.T) {
	second := func(s ...float64) []int64 {
		var at []int64
		for _, x := range s {
			at = append(at, int64(x*1000))
		}
		return at
	}
	for _, c := range []struct {
		what         string
		settled      []int64
		waits, rests []int64 // lengths
	}{
		{"one after the other", second(0, 1, 2, 3, 4), nil, nil},
		{"5 s is none yet", second(0, 0.1, 5.1, 5.2), nil, nil},
		{"more than 5 s", second(0, 0.1, 5.2, 5.3), []int64{5100}, nil},
		{"a slow run has long gaps", second(0, 2, 4, 6, 40, 42, 83, 85), []int64{41000}, nil},
		{"half an hour is a wait", second(0, 1, 1801, 1802), []int64{1_800_000}, nil},
		{"more is the time between runs", second(0, 1, 1802, 1803), nil, []int64{1_801_000}},
	} {
		line := timelineOf(c.settled)
		var waits, rests []int64
		for _, g := range line.waits {
			waits = append(waits, g.length())
		}
		for _, g := range line.rests {
			rests = append(rests, g.length())
		}
		if !reflect.DeepEqual(waits, c.waits) || !reflect.DeepEqual(rests, c.rests) {
			t.Errorf("%s: waits %v and rests %v, want %v and %v", c.what, waits, rests, c.waits, c.rests)
		}
	}
	for _, none := range [][]int64{nil, second(1), second(1, 1, 1)} {
		if timelineOf(none) != nil {
			t.Errorf("%v has a timeline", none)
		}
	}
}

func FuzzAChartStaysInItsPicture(f *testing.F) {
	f.Add(uint64(1), 40, int64(1000))
	f.Add(uint64(2), 2, int64(1))
	f.Add(uint64(3), 3000, int64(400))
	f.Add(uint64(4), 60, int64(9_000_000_000_000))
	f.Fuzz(func(t *testing.T, seed uint64, n int, spread int64) {
		if n < 2 || n > 5000 || spread < 1 || spread > 250_000_000_000_000 {
			t.Skip()
		}
		r := rand.New(rand.NewPCG(seed, 0))
		settled := make([]int64, n)
		for i := range settled {
			settled[i] = r.Int64N(spread) - spread/3
			if r.IntN(3) == 0 && i > 0 {
				settled[i] = settled[i-1] + r.Int64N(50)
			}
		}
		slices.Sort(settled)
		line := timelineOf(settled)
		if line == nil {
			return
		}
		c := line.draw("wide", 880, 270)
		for _, number := range regexp.MustCompile(`[0-9.e+-]+|NaN|Inf`).FindAllString(c.Line, -1) {
			var v float64
			if _, err := fmt.Sscan(number, &v); err != nil || !(v >= 0 && v <= 880) {
				t.Fatalf("the line goes to %s", number)
			}
		}
		if len(c.Line) > 32<<10 || len(c.Up) > 20 || len(c.Across) > 7 || len(c.Waits) > mostDrawn || len(c.Rests) > mostRests {
			t.Fatalf("the chart has a line of %d bytes, %d times, %d counts, %d waits and %d rests", len(c.Line), len(c.Up), len(c.Across), len(c.Waits), len(c.Rests))
		}
		for _, b := range append(c.Waits, c.Rests...) {
			if !(b.X >= c.Left && b.Width > 0 && b.X+b.Width <= c.Right+leastBand) {
				t.Fatalf("a band stands at %v, %v wide", b.X, b.Width)
			}
		}
		timesApart(t, c)
		timesApart(t, line.draw("narrow", 340, 250))
	})
}

// timesApart fails where the times of a chart stand in each other's way, or outside of it.
func timesApart(t *testing.T, c chart) {
	t.Helper()
	end := 0.0 // of the one before
	for _, k := range c.Up {
		width := glyph * float64(len(k.Label))
		begin := k.At - width/2
		if k.Anchor == "end" {
			begin = k.At - width
		}
		if begin < end || begin+width > float64(c.Width) {
			t.Fatalf("the times of the %s chart stand in each other's way or outside: %v", c.Name, c.Up)
		}
		end = begin + width
	}
}

func TestTheTimesOfAChartStandApart(t *testing.T) {
	for length := int64(1); length < 100_000_000; length += length/7 + 1 {
		settled := make([]int64, 61)
		for i := range settled {
			settled[i] = length * int64(i) / 60
		}
		line := timelineOf(settled)
		for _, c := range []chart{line.draw("wide", 880, 270), line.draw("narrow", 340, 250)} {
			timesApart(t, c)
			if len(c.Up) < 2 && length > 5 {
				t.Errorf("a run of %d ms has the times %v on the %s chart", length, c.Up, c.Name)
			}
		}
	}
}

func TestWordsForPeople(t *testing.T) {
	for got, want := range map[string]string{
		lasting(0): "0 s", lasting(250): "0.25 s", lasting(9_999): "9.999 s", lasting(10_400): "10 s", lasting(60_000): "1 min", lasting(252_400): "4 min 12 s",
		lasting(3_600_000): "1 h", lasting(3_661_000): "1 h 1 min", lasting(90_061_000): "1 d 1 h",
		percent(0, 7): "0 %", percent(7, 7): "100 %", percent(1, 3): "33.3 %", percent(1, 100_000): "< 0.1 %", percent(99_999, 100_000): "> 99.9 %",
		grouped(0): "0", grouped(999): "999", grouped(1000): "1,000", grouped(1234567): "1,234,567",
		shown("a\tb\nc"): "a b c", shown("\u202ea"): "⟨U+202E⟩a", shown("\x1b[2J"): "⟨U+001B⟩[2J", shown("a\xffb"): "a\ufffdb", shown("👩‍🚀 نرگس\u200cها"): "👩‍🚀 نرگس\u200cها",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

func TestTheBarIsWholeAndShowsEveryPart(t *testing.T) {
	parts := bars([]share{{Count: 99_998}, {Count: 0}, {Count: 1}, {Count: 1}}, 100_000)
	end := 0.0
	for _, p := range parts {
		if p.Width < 0.7 || p.X-end > 0.05 || end-p.X > 0.05 {
			t.Errorf("a part is %v wide and begins at %v behind one that ends at %v", p.Width, p.X, end)
		}
		end = p.X + p.Width
	}
	if len(parts) != 3 || end < 99.95 || end > 100.05 {
		t.Errorf("%d parts end at %v", len(parts), end)
	}
}

func FuzzThePageOfAnyFile(f *testing.F) {
	good, err := os.ReadFile(sampleFile(f, runSamples()[:60]))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	var strange []sample
	for _, name := range hostile() {
		strange = append(strange, sample{subject: name, name: name, outcome: "failed", message: name, code: name, trace: name, at: sampleStart()})
	}
	if good, err = os.ReadFile(sampleFile(f, strange)); err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add([]byte(block + "\nfailed,,<script>,,,,,,9999-12-31T23:59:59Z,<script>,1\ncreated,,a,,,,,,0001-01-01T00:00:01Z,,2\n"))
	f.Add([]byte("a," + block + "\n,,,,,,,,,,,1"))
	f.Add([]byte("no result file"))
	tag := regexp.MustCompile(`(?i)<(/?script|/?style|/?svg class="defs"|img|iframe)`)
	f.Fuzz(func(t *testing.T, file []byte) {
		path := filepath.Join(t.TempDir(), "x.csv")
		write(t, path, string(file))
		var page bytes.Buffer
		if err := writePage(&page, path, sampleStart()); err != nil {
			if page.Len() > 0 {
				t.Fatalf("half a page, and %v", err)
			}
			return
		}
		if tags := tag.FindAllString(page.String(), -1); !slices.Equal(tags, []string{"<style", "</style", `<svg class="defs"`, "<script", "</script"}) {
			t.Fatalf("the page has the elements %q", tags)
		}
	})
}
