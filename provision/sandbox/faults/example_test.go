package faults_test

import (
	"fmt"
	"net/http"
	"strings"

	"qlik-provision/provision/sandbox"
	"qlik-provision/provision/sandbox/faults"
)

// A tenant that loses the answer to a create: the user exists all the same.
func ExampleInjector() {
	tenant := faults.Wrap(sandbox.New(sandbox.Options{APIKey: "key"}), 1)
	tenant.Inject(faults.Fault{Kind: faults.Reset, On: sandbox.EndpointCreate, After: true, Times: 1})
	client := &http.Client{Transport: sandbox.InProcess(tenant)}
	for range 2 {
		req, err := http.NewRequest(http.MethodPost, "https://acme.eu.qlikcloud.com/api/v1/users",
			strings.NewReader(`{"subject": "jdoe"}`))
		if err != nil {
			fmt.Println(err)
			return
		}
		req.Header.Set("Content-Type", "application/json")
		req.Header.Set("Authorization", "Bearer key")
		resp, err := client.Do(req)
		if err != nil {
			fmt.Println("no answer")
			continue
		}
		fmt.Println(resp.Status)
		resp.Body.Close()
	}
	for _, u := range tenant.Users() {
		fmt.Println(u.Subject, u.Status)
	}
	// Output:
	// no answer
	// 409 Conflict
	// jdoe active
}
