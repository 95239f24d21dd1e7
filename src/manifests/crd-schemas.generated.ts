// SPDX-License-Identifier: Apache-2.0
// Generated from deploy/crds by tools/generate.ts: do not edit. Change the CRD and run `make generate`.

import type { Structural } from './structural.ts'

const LABEL_SELECTOR: Structural = {"type":"object","properties":{"matchExpressions":{"type":"array","items":{"type":"object","properties":{"key":{"type":"string"},"operator":{"type":"string"},"values":{"type":"array","items":{"type":"string"}}},"required":["key","operator"]}},"matchLabels":{"type":"object","additionalProperties":{"type":"string"}}}}

/** Kind → version → schema, of the group metallb.io. */
export const CRD_SCHEMAS: Readonly<Record<string, Readonly<Record<string, Structural>>>> = {
  BFDProfile: {
    v1beta1: {
     "type": "object",
     "properties": {
      "apiVersion": {
       "type": "string"
      },
      "kind": {
       "type": "string"
      },
      "metadata": {
       "type": "object"
      },
      "spec": {
       "type": "object",
       "properties": {
        "detectMultiplier": {
         "type": "integer",
         "format": "int32",
         "minimum": 2,
         "maximum": 255
        },
        "echoInterval": {
         "type": "integer",
         "format": "int32",
         "minimum": 10,
         "maximum": 60000
        },
        "echoMode": {
         "type": "boolean"
        },
        "minimumTtl": {
         "type": "integer",
         "format": "int32",
         "minimum": 1,
         "maximum": 254
        },
        "passiveMode": {
         "type": "boolean"
        },
        "receiveInterval": {
         "type": "integer",
         "format": "int32",
         "minimum": 10,
         "maximum": 60000
        },
        "strictStart": {
         "type": "boolean"
        },
        "transmitInterval": {
         "type": "integer",
         "format": "int32",
         "minimum": 10,
         "maximum": 60000
        }
       }
      },
      "status": {
       "type": "object"
      }
     }
    },
  },
  BGPAdvertisement: {
    v1beta1: {
     "type": "object",
     "properties": {
      "apiVersion": {
       "type": "string"
      },
      "kind": {
       "type": "string"
      },
      "metadata": {
       "type": "object"
      },
      "spec": {
       "type": "object",
       "properties": {
        "aggregationLength": {
         "type": "integer",
         "format": "int32",
         "default": 32,
         "minimum": 1
        },
        "aggregationLengthV6": {
         "type": "integer",
         "format": "int32",
         "default": 128
        },
        "asPrepend": {
         "type": "object",
         "properties": {
          "asn": {
           "type": "integer",
           "format": "int64",
           "minimum": 1,
           "maximum": 4294967295
          },
          "count": {
           "type": "integer",
           "format": "int32",
           "minimum": 1,
           "maximum": 10
          }
         },
         "required": [
          "count"
         ]
        },
        "communities": {
         "type": "array",
         "items": {
          "type": "string"
         }
        },
        "ipAddressPoolSelectors": {
         "type": "array",
         "items": LABEL_SELECTOR
        },
        "ipAddressPools": {
         "type": "array",
         "items": {
          "type": "string"
         }
        },
        "localPref": {
         "type": "integer",
         "format": "int64",
         "minimum": 0,
         "maximum": 4294967295
        },
        "med": {
         "type": "integer",
         "format": "int64",
         "minimum": 0,
         "maximum": 4294967295
        },
        "nodeSelectors": {
         "type": "array",
         "items": LABEL_SELECTOR
        },
        "peers": {
         "type": "array",
         "items": {
          "type": "string"
         }
        },
        "serviceSelectors": {
         "type": "array",
         "items": LABEL_SELECTOR
        }
       }
      },
      "status": {
       "type": "object"
      }
     }
    },
  },
  BGPPeer: {
    v1beta1: {
     "type": "object",
     "properties": {
      "apiVersion": {
       "type": "string"
      },
      "kind": {
       "type": "string"
      },
      "metadata": {
       "type": "object"
      },
      "spec": {
       "type": "object",
       "properties": {
        "bfdProfile": {
         "type": "string"
        },
        "ebgpMultiHop": {
         "type": "boolean"
        },
        "holdTime": {
         "type": "string"
        },
        "keepaliveTime": {
         "type": "string"
        },
        "myASN": {
         "type": "integer",
         "format": "int64",
         "minimum": 0,
         "maximum": 4294967295
        },
        "nodeSelectors": {
         "type": "array",
         "items": {
          "type": "object",
          "properties": {
           "matchExpressions": {
            "type": "array",
            "items": {
             "type": "object",
             "properties": {
              "key": {
               "type": "string"
              },
              "operator": {
               "type": "string"
              },
              "values": {
               "type": "array",
               "items": {
                "type": "string"
               },
               "minItems": 1
              }
             },
             "required": [
              "key",
              "operator",
              "values"
             ]
            }
           },
           "matchLabels": {
            "type": "object",
            "additionalProperties": {
             "type": "string"
            }
           }
          }
         }
        },
        "password": {
         "type": "string"
        },
        "peerASN": {
         "type": "integer",
         "format": "int64",
         "minimum": 0,
         "maximum": 4294967295
        },
        "peerAddress": {
         "type": "string"
        },
        "peerPort": {
         "type": "integer",
         "format": "int32",
         "minimum": 0,
         "maximum": 16384
        },
        "routerID": {
         "type": "string"
        },
        "sourceAddress": {
         "type": "string"
        }
       },
       "required": [
        "myASN",
        "peerASN",
        "peerAddress"
       ]
      },
      "status": {
       "type": "object"
      }
     }
    },
    v1beta2: {
     "type": "object",
     "properties": {
      "apiVersion": {
       "type": "string"
      },
      "kind": {
       "type": "string"
      },
      "metadata": {
       "type": "object"
      },
      "spec": {
       "type": "object",
       "properties": {
        "bfdProfile": {
         "type": "string"
        },
        "connectTime": {
         "type": "string"
        },
        "disableMP": {
         "type": "boolean",
         "default": false
        },
        "dualStackAddressFamily": {
         "type": "boolean",
         "default": false
        },
        "dynamicASN": {
         "type": "string",
         "enum": [
          "internal",
          "external"
         ]
        },
        "ebgpMultiHop": {
         "type": "boolean"
        },
        "enableGracefulRestart": {
         "type": "boolean"
        },
        "gracefulRestart": {
         "type": "object",
         "properties": {
          "enabled": {
           "type": "boolean"
          },
          "restartTime": {
           "type": "string",
           "default": "120s"
          }
         },
         "required": [
          "enabled"
         ]
        },
        "holdTime": {
         "type": "string"
        },
        "interface": {
         "type": "string"
        },
        "keepaliveTime": {
         "type": "string"
        },
        "localASN": {
         "type": "integer",
         "format": "int64",
         "minimum": 1,
         "maximum": 4294967295
        },
        "myASN": {
         "type": "integer",
         "format": "int64",
         "minimum": 0,
         "maximum": 4294967295
        },
        "nodeSelectors": {
         "type": "array",
         "items": LABEL_SELECTOR
        },
        "passive": {
         "type": "boolean"
        },
        "password": {
         "type": "string"
        },
        "passwordSecret": {
         "type": "object",
         "properties": {
          "key": {
           "type": "string",
           "default": "password"
          },
          "name": {
           "type": "string"
          },
          "namespace": {
           "type": "string"
          }
         }
        },
        "peerASN": {
         "type": "integer",
         "format": "int64",
         "minimum": 0,
         "maximum": 4294967295
        },
        "peerAddress": {
         "type": "string"
        },
        "peerPort": {
         "type": "integer",
         "format": "int32",
         "default": 179,
         "minimum": 1,
         "maximum": 16384
        },
        "routerID": {
         "type": "string"
        },
        "sourceAddress": {
         "type": "string"
        },
        "ttlSecurityHops": {
         "type": "integer",
         "format": "int32",
         "minimum": 1,
         "maximum": 254
        },
        "vrf": {
         "type": "string"
        }
       },
       "required": [
        "myASN"
       ]
      },
      "status": {
       "type": "object"
      }
     }
    },
  },
  Community: {
    v1beta1: {
     "type": "object",
     "properties": {
      "apiVersion": {
       "type": "string"
      },
      "kind": {
       "type": "string"
      },
      "metadata": {
       "type": "object"
      },
      "spec": {
       "type": "object",
       "properties": {
        "communities": {
         "type": "array",
         "items": {
          "type": "object",
          "properties": {
           "name": {
            "type": "string"
           },
           "value": {
            "type": "string"
           }
          }
         }
        }
       }
      },
      "status": {
       "type": "object"
      }
     }
    },
  },
  ConfigurationState: {
    v1beta1: {
     "type": "object",
     "properties": {
      "apiVersion": {
       "type": "string"
      },
      "kind": {
       "type": "string"
      },
      "metadata": {
       "type": "object"
      },
      "status": {
       "type": "object",
       "properties": {
        "conditions": {
         "type": "array",
         "items": {
          "type": "object",
          "properties": {
           "lastTransitionTime": {
            "type": "string",
            "format": "date-time"
           },
           "message": {
            "type": "string",
            "maxLength": 32768
           },
           "observedGeneration": {
            "type": "integer",
            "format": "int64",
            "minimum": 0
           },
           "reason": {
            "type": "string",
            "maxLength": 1024,
            "minLength": 1,
            "pattern": "^[A-Za-z]([A-Za-z0-9_,:]*[A-Za-z0-9_])?$"
           },
           "status": {
            "type": "string",
            "enum": [
             "True",
             "False",
             "Unknown"
            ]
           },
           "type": {
            "type": "string",
            "maxLength": 316,
            "pattern": "^([a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*/)?(([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9])$"
           }
          },
          "required": [
           "lastTransitionTime",
           "message",
           "reason",
           "status",
           "type"
          ]
         }
        },
        "errorSummary": {
         "type": "string"
        },
        "result": {
         "type": "string",
         "enum": [
          "Valid",
          "Invalid",
          "Unknown"
         ]
        }
       }
      }
     }
    },
  },
  IPAddressPool: {
    v1beta1: {
     "type": "object",
     "properties": {
      "apiVersion": {
       "type": "string"
      },
      "kind": {
       "type": "string"
      },
      "metadata": {
       "type": "object"
      },
      "spec": {
       "type": "object",
       "properties": {
        "addresses": {
         "type": "array",
         "items": {
          "type": "string"
         }
        },
        "autoAssign": {
         "type": "boolean",
         "default": true
        },
        "avoidBuggyIPs": {
         "type": "boolean",
         "default": false
        },
        "serviceAllocation": {
         "type": "object",
         "properties": {
          "namespaceSelectors": {
           "type": "array",
           "items": LABEL_SELECTOR
          },
          "namespaces": {
           "type": "array",
           "items": {
            "type": "string"
           }
          },
          "priority": {
           "type": "integer"
          },
          "serviceSelectors": {
           "type": "array",
           "items": LABEL_SELECTOR
          }
         }
        }
       },
       "required": [
        "addresses"
       ]
      },
      "status": {
       "type": "object",
       "properties": {
        "assignedIPv4": {
         "type": "integer",
         "format": "int64"
        },
        "assignedIPv6": {
         "type": "integer",
         "format": "int64"
        },
        "availableIPv4": {
         "type": "integer",
         "format": "int64"
        },
        "availableIPv6": {
         "type": "integer",
         "format": "int64"
        }
       },
       "required": [
        "assignedIPv4",
        "assignedIPv6",
        "availableIPv4",
        "availableIPv6"
       ]
      }
     },
     "required": [
      "spec"
     ]
    },
  },
  L2Advertisement: {
    v1beta1: {
     "type": "object",
     "properties": {
      "apiVersion": {
       "type": "string"
      },
      "kind": {
       "type": "string"
      },
      "metadata": {
       "type": "object"
      },
      "spec": {
       "type": "object",
       "properties": {
        "interfaces": {
         "type": "array",
         "items": {
          "type": "string"
         }
        },
        "ipAddressPoolSelectors": {
         "type": "array",
         "items": LABEL_SELECTOR
        },
        "ipAddressPools": {
         "type": "array",
         "items": {
          "type": "string"
         }
        },
        "nodeSelectors": {
         "type": "array",
         "items": LABEL_SELECTOR
        },
        "preferredNodeSelectors": {
         "type": "array",
         "items": {
          "type": "object",
          "properties": {
           "preference": LABEL_SELECTOR,
           "weight": {
            "type": "integer",
            "format": "int32",
            "minimum": 1,
            "maximum": 100
           }
          },
          "required": [
           "preference",
           "weight"
          ]
         }
        },
        "serviceSelectors": {
         "type": "array",
         "items": LABEL_SELECTOR
        }
       }
      },
      "status": {
       "type": "object"
      }
     }
    },
  },
  ServiceBGPStatus: {
    v1beta1: {
     "type": "object",
     "properties": {
      "apiVersion": {
       "type": "string"
      },
      "kind": {
       "type": "string"
      },
      "metadata": {
       "type": "object"
      },
      "spec": {
       "type": "object"
      },
      "status": {
       "type": "object",
       "properties": {
        "node": {
         "type": "string"
        },
        "peers": {
         "type": "array",
         "items": {
          "type": "string"
         }
        },
        "serviceName": {
         "type": "string"
        },
        "serviceNamespace": {
         "type": "string"
        }
       }
      }
     }
    },
  },
  ServiceL2Status: {
    v1beta1: {
     "type": "object",
     "properties": {
      "apiVersion": {
       "type": "string"
      },
      "kind": {
       "type": "string"
      },
      "metadata": {
       "type": "object"
      },
      "spec": {
       "type": "object"
      },
      "status": {
       "type": "object",
       "properties": {
        "interfaces": {
         "type": "array",
         "items": {
          "type": "object",
          "properties": {
           "name": {
            "type": "string"
           }
          }
         }
        },
        "node": {
         "type": "string"
        },
        "serviceName": {
         "type": "string"
        },
        "serviceNamespace": {
         "type": "string"
        }
       }
      }
     }
    },
  },
}
