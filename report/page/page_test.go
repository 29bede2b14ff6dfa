package page

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"qlik-provision/provision"
)

var update = flag.Bool("update", false, "write the pictures of the documentation")

func TestPageLoadsNothing(t *testing.T) {
	page := pageOf(t, results(runSamples()))
	file := filepath.Join(t.TempDir(), "page.html")
	if err := os.WriteFile(file, page, 0o600); err != nil {
		t.Fatal(err)
	}
	b := browser(t)
	for _, address := range []string{served(t, page), "file://" + filepath.ToSlash(file)} {
		tab := newTab(t, b, chromedp.Navigate(address))
		if hidden := eval[bool](t, tab, `document.querySelector(".tools").hidden`); hidden {
			t.Error("the script did not run")
		}
		if margin := eval[string](t, tab, `getComputedStyle(document.body).margin`); margin != "0px" {
			t.Errorf("the style is not applied: the body's margin is %s", margin)
		}
		tab.wantQuiet(t, address)
	}
}

// TestEveryRowIsFound searches and filters the rows.
func TestEveryRowIsFound(t *testing.T) {
	samples := runSamples()
	tab := newTab(t, browser(t), chromedp.Navigate(served(t, pageOf(t, results(samples)))))
	outcome := func(o provision.Outcome) func(sample) bool { return func(s sample) bool { return s.outcome == o } }
	named := func(name string) func(sample) bool {
		return func(s sample) bool { return strings.Contains(s.name, name) }
	}
	check := func(value string) step { return chromedp.Click(chromedp.CSS(`input[value="` + value + `"]`)) }
	search := func(words string) step { return chromedp.SendKeys(chromedp.CSS("#search"), words) }
	for _, c := range []struct {
		what  string
		steps []step
		want  []int
	}{
		{"nothing chosen", nil, numbers(samples, func(sample) bool { return true })},
		{"a done row by its name", []step{search("user0002")}, []int{2}},
		{"no accents in the search", []step{search("BRUCKNER")}, numbers(samples, named("Brückner"))},
		{"accents in the search", []step{search("zoë ANGSTRÖM")}, numbers(samples, named("Zoë Ångström"))},
		{"letters without a decomposition", []step{search("bjorn sorensen")},
			numbers(samples, named("Bjørn Sørensen"))},
		{"Greek without accents, in capitals", []step{search("ΝΙΚΟΣ")}, numbers(samples, named("Νίκος"))},
		{"one outcome", []step{check("failed")}, numbers(samples, outcome(provision.Failed))},
		{"two outcomes", []step{check("failed"), check("invalid")}, numbers(samples, func(s sample) bool {
			return s.outcome == provision.Failed || s.outcome == provision.Invalid
		})},
		{"rows that are not done", []step{check("open")}, numbers(samples, func(s sample) bool {
			return s.outcome != provision.Duplicate && !s.outcome.Done() // all duplicates are of done rows
		})},
		{"a cause", []step{chromedp.Click(chromedp.CSS("#h-why ~ ol button"))}, numbers(samples, func(s sample) bool {
			return s.code == "USERS-4"
		})},
		{"existing users that differ", []step{chromedp.Click(chromedp.CSS("#h-check ~ ol button"))},
			numbers(samples, func(s sample) bool { return s.code == provision.CodeDiffers })},
		{"a name within an outcome", []step{check("exists"), search("chloe")}, numbers(samples, func(s sample) bool {
			return s.outcome == provision.Exists && s.code != provision.CodeDisabled && strings.Contains(s.name, "Chloé")
		})},
		{"existing users that are disabled", []step{check("locked")}, numbers(samples, func(s sample) bool {
			return s.code == provision.CodeDisabled
		})},
		{"all words have to fit", []step{search("chloe nobody")}, nil},
		{"Escape empties the search", []step{search("nobody"), chromedp.KeyEvent(kb.Escape)},
			numbers(samples, func(sample) bool { return true })},
		{"Show everything", []step{check("failed"), search("nobody"), chromedp.Click(chromedp.CSS("#clear"))},
			numbers(samples, func(sample) bool { return true })},
	} {
		t.Run(c.what, func(t *testing.T) {
			eval[bool](t, tab, `document.getElementById("clear").click(), true`)
			tab.do(t, c.steps...)
			wantCount(t, tab, len(c.want), len(samples))
			if got := turned(t, tab); !slices.Equal(got, c.want) {
				t.Errorf("found the rows %v, want %v", got, c.want)
			}
		})
	}
}

func TestRowsAreSortedByColumn(t *testing.T) {
	samples := runSamples()
	tab := newTab(t, browser(t), chromedp.Navigate(served(t, pageOf(t, results(samples)))))
	byRow := chromedp.CSS(`#rows th:nth-child(1) button`)
	tab.do(t, chromedp.Click(byRow), chromedp.Click(byRow))
	want := numbers(samples, func(sample) bool { return true })
	slices.Reverse(want)
	if got := turned(t, tab); !slices.Equal(got, want) {
		t.Errorf("sorted down, the table shows the rows %v, want %v", got, want)
	}
	tab.do(t, chromedp.Click(chromedp.CSS(`#rows th:nth-child(2) button`)))
	var outcomes []string
	for _, n := range turned(t, tab) {
		outcomes = append(outcomes, string(samples[n-1].outcome))
	}
	if !slices.IsSorted(outcomes) || len(outcomes) != len(samples) {
		t.Errorf("sorted by outcome, the table shows %v", outcomes)
	}
	sorted := eval[[]string](t, tab, `[...document.querySelectorAll("#rows th")]
		.map(th => th.getAttribute("aria-sort") ?? "")`)
	if !slices.Equal(sorted, []string{"", "ascending", "", "", ""}) {
		t.Errorf("the columns say they are sorted: %q", sorted)
	}
}

// TestLinkShowsRow follows links to rows, also on another page of the table.
func TestLinkShowsRow(t *testing.T) {
	b := browser(t)
	address := served(t, pageOf(t, results(runSamples())))
	inSight := func(tab *tab, row int) {
		t.Helper()
		if !eval[bool](t, tab, fmt.Sprintf(`new Promise(done => setTimeout(() => {
			const tr = document.getElementById("row-%d"), r = tr?.getBoundingClientRect();
			done(!!r && r.height > 0 && r.top >= 0 && r.bottom <= innerHeight && tr.matches(":target"));
		}, 300))`, row)) {
			t.Errorf("row %d is not in sight and marked", row)
		}
	}
	link := func(row int) step { return chromedp.Click(chromedp.CSS(fmt.Sprintf(`.causes a[href="#row-%d"]`, row))) }
	tab := newTab(t, b, chromedp.Navigate(address), link(322))
	inSight(tab, 322)
	tab.do(t, link(31)) // on the first page of rows, and the second is shown
	inSight(tab, 31)
	tab.do(t, chromedp.Click(chromedp.CSS("#next")), link(31)) // a link to where the page already is
	if !slices.Contains(visible(t, tab), 31) {
		t.Error("a link to row 31, followed from the next page of rows, does not show row 31")
	}
	inSight(newTab(t, b, chromedp.Navigate(address+"#row-1200")), 1200)
}

// TestSearchShowsRowsAtOnce wants what is found right below the search, and the overview back when the search is empty.
func TestSearchShowsRowsAtOnce(t *testing.T) {
	tab := newTab(t, browser(t), chromedp.Navigate(served(t, pageOf(t, results(runSamples())))))
	shows := func(what string, want bool) {
		t.Helper()
		if got := eval[bool](t, tab, fmt.Sprintf(`document.querySelector(%q).checkVisibility()`, what)); got != want {
			t.Errorf("%s is shown: %v, want %v", what, got, want)
		}
	}
	shows("#h-why", true)
	shows("#clear", false)
	tab.do(t, chromedp.SendKeys(chromedp.CSS("#search"), "chloe"))
	shows("#h-why", false)
	shows("#rows", true)
	tab.do(t, chromedp.Click(chromedp.CSS("#clear")))
	shows("#h-why", true)
}

// TestDisabledUserHasOwnMark wants another mark for an existing user who cannot log in than for other existing users.
func TestDisabledUserHasOwnMark(t *testing.T) {
	samples := []sample{{outcome: "exists"}, {outcome: "exists", code: "disabled", message: "disabled on the tenant"}}
	tab := newTab(t, browser(t), chromedp.Navigate(served(t, pageOf(t, results(samples)))))
	marks := eval[[]string](t, tab, `[...document.querySelectorAll("#rows tbody tr")]
		.map(tr => tr.querySelector("rect").getAttribute("class") + " " + tr.cells[4].firstChild?.data)`)
	want := []string{"s-exists undefined", "s-locked disabled on the tenant"}
	if !slices.Equal(marks, want) {
		t.Errorf("the rows have the marks %q, want %q", marks, want)
	}
}

func TestPageIsUsedByKeyboard(t *testing.T) {
	address := served(t, pageOf(t, results(runSamples())))
	tab := newTab(t, browser(t), chromedp.Navigate(address), typed("/"), typed("a"), typed("/"), typed("b"))
	id := eval[string](t, tab, `document.activeElement.id`)
	value := eval[string](t, tab, `document.getElementById("search").value`)
	if id != "search" || value != "a/b" {
		t.Errorf("after / and a/b, %q has the focus and the search is %q", id, value)
	}
	tab.do(t, chromedp.KeyEvent(kb.Escape))
	reached := map[string]bool{}
	for range 40 {
		tab.do(t, chromedp.KeyEvent(kb.Tab))
		reached[eval[string](t, tab, `(e => e.id || e.value || e.textContent)(document.activeElement)`)] = true
		if eval[bool](t, tab, `document.activeElement === document.body`) {
			break
		}
		if eval[string](t, tab, `getComputedStyle(document.activeElement).outlineStyle`) == "none" {
			t.Errorf("the element that has the focus has no outline")
		}
	}
	for _, want := range []string{"cause", "open", "pending", "failed", "Row", "Message", "next"} {
		if !reached[want] {
			t.Errorf("Tab does not reach %q, only %v", want, reached)
		}
	}
}

func TestPageIsReadWithoutScripts(t *testing.T) {
	samples := runSamples()
	address := served(t, pageOf(t, results(samples)))
	tab := newTab(t, browser(t), withoutScripts(), chromedp.Navigate(address))
	if got, want := visible(t, tab), numbers(samples, func(sample) bool { return true }); !slices.Equal(got, want) {
		t.Errorf("the table shows the rows %v, want %v", got, want)
	}
	if n := eval[int](t, tab, `document.querySelectorAll(".causes a").length`); n == 0 {
		t.Error("no row is linked")
	}
	if n := eval[int](t, tab, `[...document.querySelectorAll(".causes a")]
		.filter(a => !document.querySelector(a.hash)).length`); n > 0 {
		t.Errorf("%d links lead nowhere", n)
	}
	if n := eval[int](t, tab, `[...document.querySelectorAll("input, button, select")]
		.filter(e => e.checkVisibility()).length`); n > 0 {
		t.Errorf("there are %d controls that do nothing", n)
	}
	tab.wantQuiet(t, address)
}

func TestPageFitsOnPhone(t *testing.T) {
	tab := newTab(t, browser(t), chromedp.Navigate(served(t, pageOf(t, results(runSamples())))))
	for _, width := range []int64{320, 360, 700, 720} {
		tab.do(t, chromedp.EmulateViewport(width, 740))
		if got := eval[int64](t, tab, `document.documentElement.scrollWidth`); got > width {
			t.Errorf("on %d px the page is %d wide: %s", width, got, eval[string](t, tab, tooWide))
		}
		if n := eval[int](t, tab, `[...document.querySelectorAll("td, th, li, dd, p")]
			.filter(e => e.clientWidth > 0 && e.scrollWidth > e.clientWidth && !e.closest(".sr")).length`); n > 0 {
			t.Errorf("on %d px %d texts are cut off", width, n)
		}
		if n := eval[int](t, tab, `[...document.querySelectorAll("#rows th button")]
			.filter(e => e.checkVisibility() && e.getBoundingClientRect().right <= innerWidth).length`); n != 5 {
			t.Errorf("on %d px %d columns can be sorted by", width, n)
		}
		if n := eval[int](t, tab, `[...document.querySelectorAll(".causes a, summary, #rows th button")]
			.filter(e => e.checkVisibility() && e.getBoundingClientRect().height < 24).length`); n > 0 && width < 700 {
			t.Errorf("on %d px %d links are lower than 24 px", width, n)
		}
		meanings := eval[[]string](t, tab, `[...document.querySelectorAll(".meaning")]
			.filter(e => e.checkVisibility() && e.clientWidth > 100).map(e => e.textContent)`)
		if !slices.Contains(meanings, "a run of this file created the user") || len(meanings) != 8 {
			t.Errorf("on %d px the meanings %q can be read", width, meanings)
		}
	}
}

func TestContrastIsSufficientInLightAndDark(t *testing.T) {
	tab := newTab(t, browser(t), chromedp.Navigate(served(t, pageOf(t, results(runSamples())))))
	for _, scheme := range []string{"light", "dark"} {
		tab.do(t, inScheme(scheme))
		for _, pale := range eval[[]string](t, tab, palest) {
			t.Errorf("%s: %s", scheme, pale)
		}
	}
}

func TestRowsThatFitArePrinted(t *testing.T) {
	print := command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Media: "print"})
	samples := runSamples()
	tab := newTab(t, browser(t), print, chromedp.Navigate(served(t, pageOf(t, results(samples)))))
	if n := eval[int](t, tab, `[...document.querySelectorAll("input, button, select")]
		.filter(e => !e.closest("th") && e.checkVisibility()).length`); n > 0 {
		t.Errorf("%d controls are printed", n)
	}
	eval[bool](t, tab, `window.dispatchEvent(new Event("beforeprint"))`)
	if got, want := visible(t, tab), numbers(samples, func(sample) bool { return true }); !slices.Equal(got, want) {
		t.Errorf("the rows %v are printed, want %v", got, want)
	}
	eval[bool](t, tab, `window.dispatchEvent(new Event("afterprint"))`)
	if got := len(visible(t, tab)); got != 200 {
		t.Errorf("after printing the table has %d rows", got)
	}
}

// TestDocumentationPicture writes the picture of the documentation.
func TestDocumentationPicture(t *testing.T) {
	if !*update {
		t.Skip("writes the picture of the documentation, with -update")
	}
	address := served(t, pageOf(t, results(runSamples())))
	tab := newTab(t, browser(t), inScheme("light"), chromedp.EmulateViewport(1200, 2400), chromedp.Navigate(address))
	png, err := chromedp.Run(tab.ctx, chromedp.CaptureScreenshot())
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join("..", "..", "docs", "img", "page-light.png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}
