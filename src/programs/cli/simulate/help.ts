// SPDX-License-Identifier: Apache-2.0

/** For `metallb simulate --help`. */
export const SIMULATE_HELP = `
Paths:
  A YAML or JSON file, a directory (read as a whole), or - for stdin. Kinds that decide nothing here are counted.

Steps:
  --then PATH...               apply these over what is there, as kubectl apply would, and show what that changes
  --delete KIND/NAMESPACE/NAME delete this object in the same step as the --then before it (KIND/NAME for a Node)

Options:
  -o, --output json|table      how to print it (default: table on a terminal, else json)
  --speakers NODE,...          nodes whose speaker is alive (default: all Nodes; without any Node: node-1)
  --interfaces NODE=eth0,eth1  interfaces that a node has (default: every one)
  --namespace NAME             where metallb.io objects count (default: metallb-system)
  --lb-class CLASS,...         loadBalancerClasses to handle (default: none, and all under metallb.io/)
  --ignore-exclude-lb          announce also from nodes labelled exclude-from-external-load-balancers

Exit status: 0 all is well; 1 an error, or a Service without an address; 2 unusable arguments or unreadable files.

Examples:
  metallb simulate pools.yaml services/
  metallb simulate cluster.yaml --then new-pool.yaml --delete Service/default/old -o table
  kubectl get svc,nodes,endpointslices,ipaddresspools,l2advertisements -A -o yaml | metallb simulate -
`
