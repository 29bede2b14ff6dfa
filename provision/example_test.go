package provision_test

import (
	"context"
	"fmt"
	"sync"

	"qlik-provision/provision"
	"qlik-provision/provision/qlik"
	"qlik-provision/provision/sandbox"
)

// Three people, one of whom has a user. The tenant is in memory; for a real one, leave Transport out.
func ExampleRun_Run() {
	tenant := sandbox.New(sandbox.Options{})
	tenant.Add(sandbox.User{Subject: "00420", Name: "Ben Brandt"})

	address, err := qlik.ParseTenant("acme.eu.qlikcloud.com")
	if err != nil {
		fmt.Println(err)
		return
	}
	client := qlik.New(address, qlik.Options{
		Credentials: qlik.Credentials{ClientID: tenant.Options().ClientID, ClientSecret: tenant.Options().ClientSecret},
		Transport:   sandbox.InProcess(tenant),
	})
	defer client.Close()

	rows := []provision.Row{
		{Number: 1, Person: provision.Person{Subject: "00417", Name: "Ada Abel", Email: "ada@acme.example"}},
		{Number: 2, Person: provision.Person{Subject: "00420", Name: "Ben Brandt", Email: "ben@acme.example"}},
		{Number: 3, Person: provision.Person{Subject: "00423", Name: "Cleo Costa"}},
	}
	var mu sync.Mutex
	results := map[int]provision.Result{} // guarded by mu: record is called concurrently
	record := func(res provision.Result) error {
		mu.Lock()
		defer mu.Unlock()
		results[res.Number] = res
		return nil
	}
	run := provision.New(client, provision.Options{})
	if err := run.Run(context.Background(), rows, record); err != nil {
		fmt.Println("the run could not go on:", err)
	}
	for _, row := range rows {
		res := results[row.Number]
		fmt.Printf("%d: %s %s %q\n", row.Number, row.Person.Subject, res.Outcome, res.Message)
	}
	// Output:
	// 1: 00417 created ""
	// 2: 00420 exists "no email on the tenant"
	// 3: 00423 created ""
}

// The first 500 are sent at once, the others a hundred a minute.
func ExampleEstimate() {
	fmt.Println(provision.Estimate(10_000, provision.DefaultRate, provision.DefaultBurst))
	// Output:
	// 1h35m0s
}

func ExampleSamePerson() {
	hr := provision.Person{Subject: "00417", Name: "Ada Abel", Email: "ada@acme.example"}
	married := provision.Person{Subject: "00417", Name: "Ada Meier", Email: "ada@acme.example"}
	other := provision.Person{Subject: "00417", Name: "Zoe Zidane", Email: "zoe@acme.example"}
	fmt.Println(provision.SamePerson(hr, married), provision.SamePerson(hr, other))
	// Output:
	// true false
}
