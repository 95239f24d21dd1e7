#!/bin/bash
# SPDX-License-Identifier: Apache-2.0
echo "MetalLB BGP Status"
echo "=================="

echo "BGP Peers:"
kubectl get bgppeers -n metallb-system -o custom-columns=NAME:.metadata.name,ASN:.spec.myASN,PEER:.spec.peerAddress

echo ""
echo "Active LoadBalancer Services:"
kubectl get svc -A --field-selector spec.type=LoadBalancer -o custom-columns=NAMESPACE:.metadata.namespace,NAME:.metadata.name,EXTERNAL-IP:.status.loadBalancer.ingress[0].ip

echo ""
echo "IP Address Pool Usage:"
kubectl get ipaddresspools -n metallb-system -o yaml | grep -A 2 "addresses:"

echo ""
echo "Recent BGP Events:"
kubectl get events -n metallb-system --sort-by='.lastTimestamp' | grep -i bgp | tail -10
