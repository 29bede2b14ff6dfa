package provision_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
)

// Three people, one of whom is on the tenant already. The tenant is one in memory: for a real one, leave Transport out.
func ExampleRun() {
	tenant := sandbox.New(sandbox.Options{})
	tenant.Add(sandbox.User{Subject: "00420", Name: "Ben Brandt"})

	address, err := qlik.ParseTenant("acme.eu.qlikcloud.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	client := qlik.New(address, qlik.Options{
		Credentials: qlik.Credentials{ClientID: tenant.ClientID(), ClientSecret: tenant.ClientSecret()},
		Transport:   tenant.Transport(),
	})
	defer client.Close()

	people := []provision.Row{
		{Number: 1, Subject: "00417", Name: "Ada Abel", Email: "ada@acme.example"},
		{Number: 2, Subject: "00420", Name: "Ben Brandt", Email: "ben@acme.example"},
		{Number: 3, Subject: "00423", Name: "Cleo Costa"},
	}
	rows := func(yield func(provision.Row, error) bool) {
		for _, row := range people {
			if !yield(row, nil) {
				return
			}
		}
	}

	var mu sync.Mutex
	outcomes := map[int]provision.Outcome{} // guarded by mu: the workers record at once
	record := func(o provision.Outcome) error {
		mu.Lock()
		defer mu.Unlock()
		outcomes[o.Row.Number] = o
		return nil
	}
	if err := provision.Run(context.Background(), client, rows, record, provision.Options{}); err != nil {
		fmt.Println("the run could not go on:", err)
	}
	for _, number := range slices.Sorted(maps.Keys(outcomes)) {
		o := outcomes[number]
		fmt.Printf("%d: %s %s %q\n", number, o.Row.Subject, o.State, o.Message)
	}
	// Output:
	// 1: 00417 created ""
	// 2: 00420 exists "no email there"
	// 3: 00423 created ""
}

// The first 500 go at once, the others a hundred a minute.
func ExampleEstimate() {
	fmt.Println(provision.Estimate(10_000, provision.DefaultRate, provision.DefaultBurst))
	// Output:
	// 1h35m0s
}

func ExampleSamePerson() {
	hr := provision.Row{Subject: "00417", Name: "Ada Abel", Email: "ada@acme.example"}
	fmt.Println(provision.SamePerson(hr, provision.Row{Subject: "00417", Name: "ADA ABEL", Email: "ada.abel@acme.example"}))
	fmt.Println(provision.SamePerson(hr, provision.Row{Subject: "00417", Name: "Zoe Zidane", Email: "zoe@acme.example"}))
	// Output:
	// true
	// false
}
