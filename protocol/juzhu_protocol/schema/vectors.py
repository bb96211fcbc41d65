"""Vectors of every record: its fields and its bytes. One test round-trips them all."""

from typing import Any

VECTORS: dict[str, list[tuple[dict[str, Any], str]]] = {
    "Info": [
        (
            {
                "record_type": 1,
                "version": 1,
                "suite": 1,
                "list_division": 410200,
                "serial": 1,
                "key_id": bytes.fromhex("2c70e12b"),
                "card_key_epoch": 0,
            },
            "010101064258000000012c70e12b00",
        ),
        (
            {
                "record_type": 1,
                "version": 1,
                "suite": 2,
                "list_division": 829999,
                "serial": 99999999,
                "key_id": bytes.fromhex("00000000"),
                "card_key_epoch": 255,
            },
            "0101020caa2f05f5e0ff00000000ff",
        ),
    ],
    "Service": [
        (
            {
                "record_type": 2,
                "version": 1,
                "suite": 1,
                "list_division": 410200,
                "serial": 1234,
                "issuing_division": 410202,
                "birth_day": 21915,
                "issue_day": 44926,
                "anchor_day": 44926,
                "residence_since": 44926,
                "endorsement_number": 2,
                "endorsement_kind": 1,
                "endorsement_day": 45640,
                "good_through": 46022,
                "permit_class": 1,
                "key_id": bytes.fromhex("2c70e12b"),
                "signature": bytes.fromhex(
                    "1a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d12781a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d1278"
                ),
            },
            "020101064258000004d206425a559baf7eaf7eaf7e0201b248b3c6012c70e12b1a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d12781a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d1278",
        ),
        (
            {
                "record_type": 2,
                "version": 1,
                "suite": 2,
                "list_division": 110000,
                "serial": 1,
                "issuing_division": 829999,
                "birth_day": 1,
                "issue_day": 65534,
                "anchor_day": 1,
                "residence_since": 65534,
                "endorsement_number": 0,
                "endorsement_kind": 0,
                "endorsement_day": 0,
                "good_through": 65534,
                "permit_class": 3,
                "key_id": bytes.fromhex("00000000"),
                "signature": bytes.fromhex(
                    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
                ),
            },
            "02010201adb0000000010caa2f0001fffe0001fffe00000000fffe030000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
        ),
    ],
    "Endorsement": [
        (
            {
                "record_type": 3,
                "version": 1,
                "suite": 1,
                "list_division": 410200,
                "serial": 1234,
                "number": 1,
                "kind": 1,
                "day": 45640,
                "address": bytes.fromhex(
                    "005f015c025e4b6dd58bef8d200031002000f7532000200020002000200020002000200020002000200020002000200020002000200020002000200020002000200020002000"
                ),
                "good_through": 46022,
                "issuing_division": 410202,
                "key_id": bytes.fromhex("2c70e12b"),
                "signature": bytes.fromhex(
                    "1a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d12781a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d1278"
                ),
            },
            "030101064258000004d20101b248005f015c025e4b6dd58bef8d200031002000f7532000200020002000200020002000200020002000200020002000200020002000200020002000200020002000200020002000b3c606425a2c70e12b1a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d12781a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d1278",
        ),
        (
            {
                "record_type": 3,
                "version": 1,
                "suite": 2,
                "list_division": 829999,
                "serial": 99999999,
                "number": 255,
                "kind": 3,
                "day": 65534,
                "address": bytes.fromhex(
                    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
                ),
                "good_through": 1,
                "issuing_division": 110000,
                "key_id": bytes.fromhex("00000000"),
                "signature": bytes.fromhex(
                    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
                ),
            },
            "0301020caa2f05f5e0ffff03fffe00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000101adb00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
        ),
    ],
    "Security": [
        (
            {
                "record_type": 4,
                "version": 1,
                "suite": 1,
                "list_division": 410200,
                "serial": 1234,
                "issuing_division": 410202,
                "issue_day": 44926,
                "holder_hash": bytes.fromhex(
                    "01080f161d242b323940474e555c636a71787f868d949ba2a9b0b7bec5ccd3da"
                ),
                "photo_hash": bytes.fromhex(
                    "020910171e252c333a41484f565d646b727980878e959ca3aab1b8bfc6cdd4db"
                ),
                "public_key": bytes.fromhex(
                    "030a11181f262d343b424950575e656c737a81888f969da4abb2b9c0c7ced5dce3eaf1f8ff060d141b222930373e454c535a61686f767d848b9299a0a7aeb5bc"
                ),
                "key_id": bytes.fromhex("040b1219"),
                "signature": bytes.fromhex(
                    "050c131a21282f363d444b525960676e757c838a91989fa6adb4bbc2c9d0d7dee5ecf3fa01080f161d242b323940474e555c636a71787f868d949ba2a9b0b7be"
                ),
            },
            "040101064258000004d206425aaf7e01080f161d242b323940474e555c636a71787f868d949ba2a9b0b7bec5ccd3da020910171e252c333a41484f565d646b727980878e959ca3aab1b8bfc6cdd4db030a11181f262d343b424950575e656c737a81888f969da4abb2b9c0c7ced5dce3eaf1f8ff060d141b222930373e454c535a61686f767d848b9299a0a7aeb5bc040b1219050c131a21282f363d444b525960676e757c838a91989fa6adb4bbc2c9d0d7dee5ecf3fa01080f161d242b323940474e555c636a71787f868d949ba2a9b0b7be",
        ),
        (
            {
                "record_type": 4,
                "version": 1,
                "suite": 2,
                "list_division": 829999,
                "serial": 99999999,
                "issuing_division": 110000,
                "issue_day": 65534,
                "holder_hash": bytes.fromhex(
                    "0000000000000000000000000000000000000000000000000000000000000000"
                ),
                "photo_hash": bytes.fromhex(
                    "0000000000000000000000000000000000000000000000000000000000000000"
                ),
                "public_key": bytes.fromhex(
                    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
                ),
                "key_id": bytes.fromhex("00000000"),
                "signature": bytes.fromhex(
                    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
                ),
            },
            "0401020caa2f05f5e0ff01adb0fffe00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
        ),
    ],
    "CardKeys": [
        (
            {
                "record_type": 5,
                "version": 1,
                "suite": 1,
                "epoch": 1,
                "bus_key": bytes.fromhex("060d141b222930373e454c535a61686f767d848b9299a0a7aeb5bcc3cad1d8df"),
                "counter_key": bytes.fromhex(
                    "070e151c232a31383f464d545b626970777e858c939aa1a8afb6bdc4cbd2d9e0"
                ),
                "authority_key": bytes.fromhex(
                    "080f161d242b323940474e555c636a71787f868d949ba2a9b0b7bec5ccd3dae1"
                ),
                "signing_key": bytes.fromhex(
                    "0910171e252c333a41484f565d646b727980878e959ca3aab1b8bfc6cdd4dbe2"
                ),
            },
            "05010101060d141b222930373e454c535a61686f767d848b9299a0a7aeb5bcc3cad1d8df070e151c232a31383f464d545b626970777e858c939aa1a8afb6bdc4cbd2d9e0080f161d242b323940474e555c636a71787f868d949ba2a9b0b7bec5ccd3dae10910171e252c333a41484f565d646b727980878e959ca3aab1b8bfc6cdd4dbe2",
        ),
        (
            {
                "record_type": 5,
                "version": 1,
                "suite": 2,
                "epoch": 255,
                "bus_key": bytes.fromhex("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"),
                "counter_key": bytes.fromhex(
                    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
                ),
                "authority_key": bytes.fromhex(
                    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
                ),
                "signing_key": bytes.fromhex(
                    "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"
                ),
            },
            "050102ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
        ),
    ],
    "Bundle": [
        (
            {
                "record_type": 16,
                "version": 1,
                "bundle_version": 1,
                "time": 1781000000,
                "bus_epoch": 1,
                "counter_epoch": 2,
                "authority_epoch": 3,
                "keys": [
                    {
                        "purpose": 1,
                        "suite": 1,
                        "public_key": bytes.fromhex(
                            "e0fb6e6c6305332dbd13cc4d4ee1f9782b60609b633b26510df200e9c311ea23e0fb6e6c6305332dbd13cc4d4ee1f9782b60609b633b26510df200e9c311ea23"
                        ),
                        "divisions": [{"division": 410202}, {"division": 410203}],
                        "valid_from": 43829,
                        "valid_through": 51499,
                        "revoked_on": 0,
                        "epoch": 0,
                    }
                ],
            },
            "1001000000016a27e740010203010101e0fb6e6c6305332dbd13cc4d4ee1f9782b60609b633b26510df200e9c311ea23e0fb6e6c6305332dbd13cc4d4ee1f9782b60609b633b26510df200e9c311ea230206425a06425bab35c92b00000000",
        ),
        (
            {
                "record_type": 16,
                "version": 1,
                "bundle_version": 4294967295,
                "time": 4294967295,
                "bus_epoch": 255,
                "counter_epoch": 1,
                "authority_epoch": 255,
                "keys": [
                    {
                        "purpose": 1,
                        "suite": 2,
                        "public_key": bytes.fromhex(
                            "6ab9f1eb8f7d3388f4f9d586f66e99fd54080df2c446f0e58668b09c08a16dd06ab9f1eb8f7d3388f4f9d586f66e99fd54080df2c446f0e58668b09c08a16dd0"
                        ),
                        "divisions": [{"division": 410200}],
                        "valid_from": 1,
                        "valid_through": 65534,
                        "revoked_on": 1,
                        "epoch": 0,
                    },
                    {
                        "purpose": 2,
                        "suite": 2,
                        "public_key": bytes.fromhex(
                            "015f7e6bc5aeaf483724089e9252cc13b50951a6b69412522765cff4d780306e015f7e6bc5aeaf483724089e9252cc13b50951a6b69412522765cff4d780306e"
                        ),
                        "divisions": [{"division": 410200}, {"division": 410201}],
                        "valid_from": 1,
                        "valid_through": 65534,
                        "revoked_on": 2,
                        "epoch": 65535,
                    },
                    {
                        "purpose": 3,
                        "suite": 2,
                        "public_key": bytes.fromhex(
                            "2f5052c9fd15b19a18c584d01363568198613f0c34e84409ef7938709a159ec22f5052c9fd15b19a18c584d01363568198613f0c34e84409ef7938709a159ec2"
                        ),
                        "divisions": [{"division": 410200}, {"division": 410201}, {"division": 410202}],
                        "valid_from": 1,
                        "valid_through": 65534,
                        "revoked_on": 3,
                        "epoch": 0,
                    },
                ],
            },
            "1001ffffffffffffffffff01ff0301026ab9f1eb8f7d3388f4f9d586f66e99fd54080df2c446f0e58668b09c08a16dd06ab9f1eb8f7d3388f4f9d586f66e99fd54080df2c446f0e58668b09c08a16dd0010642580001fffe000100000202015f7e6bc5aeaf483724089e9252cc13b50951a6b69412522765cff4d780306e015f7e6bc5aeaf483724089e9252cc13b50951a6b69412522765cff4d780306e020642580642590001fffe0002ffff03022f5052c9fd15b19a18c584d01363568198613f0c34e84409ef7938709a159ec22f5052c9fd15b19a18c584d01363568198613f0c34e84409ef7938709a159ec20306425806425906425a0001fffe00030000",
        ),
    ],
    "SignedBundle": [
        (
            {
                "record_type": 17,
                "version": 1,
                "body": bytes.fromhex(
                    "230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b9"
                ),
                "signatures": [
                    {
                        "root_id": bytes.fromhex("2c70e12b"),
                        "signature": bytes.fromhex(
                            "1a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d12781a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d1278"
                        ),
                    },
                    {
                        "root_id": bytes.fromhex("db77fd01"),
                        "signature": bytes.fromhex(
                            "1a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d12781a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d1278"
                        ),
                    },
                ],
            },
            "1101005a230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b98e68fe31acb5230d8358dc8e8890b4c58deeb62912ee2f20357ae92a5cc861b9022c70e12b1a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d12781a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d1278db77fd011a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d12781a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d1278",
        ),
        (
            {
                "record_type": 17,
                "version": 1,
                "body": bytes.fromhex("00"),
                "signatures": [
                    {
                        "root_id": bytes.fromhex("2c70e12b"),
                        "signature": bytes.fromhex(
                            "1a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d12781a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d1278"
                        ),
                    }
                ],
            },
            "1101000100012c70e12b1a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d12781a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d1278",
        ),
    ],
    "Manifest": [
        (
            {
                "record_type": 32,
                "version": 1,
                "suite": 1,
                "list_division": 410200,
                "key_epoch": 1,
                "sequence": 7,
                "time": 1781000000,
                "content_length": 28,
                "content_hash": bytes.fromhex(
                    "ed7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f73"
                ),
                "key_id": bytes.fromhex("2c70e12b"),
                "signature": bytes.fromhex(
                    "1a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d12781a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d1278"
                ),
            },
            "2001010642580001000000076a27e7400000001ced7002b439e9ac845f22357d822bac1444730fbdb6016d3ec9432297b9ec9f732c70e12b1a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d12781a2fc26dc7ea5a2a4748b7cb2b1ef193d96ab2c99f93092f69e63075b28d1278",
        ),
        (
            {
                "record_type": 32,
                "version": 1,
                "suite": 2,
                "list_division": 829999,
                "key_epoch": 65535,
                "sequence": 4294967295,
                "time": 4294967295,
                "content_length": 4194304,
                "content_hash": bytes.fromhex(
                    "0000000000000000000000000000000000000000000000000000000000000000"
                ),
                "key_id": bytes.fromhex("00000000"),
                "signature": bytes.fromhex(
                    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
                ),
            },
            "2001020caa2fffffffffffffffffffff0040000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
        ),
    ],
    "ListHeader": [
        (
            {"record_type": 33, "version": 1, "list_division": 410200, "highest_serial": 100, "entries": 3},
            "21010642580000006400000003",
        ),
        (
            {"record_type": 33, "version": 1, "list_division": 110000, "highest_serial": 0, "entries": 0},
            "210101adb00000000000000000",
        ),
    ],
    "ListBase": [
        (
            {
                "record_type": 34,
                "version": 1,
                "view": 1,
                "list_division": 410200,
                "highest_serial": 1000000,
                "entries": 20000,
                "block_bits": 11,
                "code_lengths": bytes.fromhex("0544365450"),
            },
            "220101064258000f424000004e200b0544365450",
        ),
        (
            {
                "record_type": 34,
                "version": 1,
                "view": 2,
                "list_division": 110000,
                "highest_serial": 0,
                "entries": 0,
                "block_bits": 20,
                "code_lengths": bytes(5),
            },
            "22010201adb00000000000000000140000000000",
        ),
    ],
    "ListOverlay": [
        (
            {
                "record_type": 35,
                "version": 1,
                "view": 2,
                "list_division": 829999,
                "highest_serial": 99999999,
                "entries": 99999999,
                "block_bits": 9,
                "code_lengths": bytes.fromhex("3320000000"),
                "base_id": bytes.fromhex("0123456789abcdef"),
            },
            "2301020caa2f05f5e0ff05f5e0ff0933200000000123456789abcdef",
        ),
    ],
    "Tap": [
        (
            {
                "record_type": 48,
                "version": 1,
                "index": 1,
                "time": 1781000000,
                "pseudonym": bytes.fromhex("148de9c5a7a44d19"),
                "service": 1,
                "answer": 1,
                "reason": 1,
                "flags": 0,
                "list_sequence": 7,
                "chain": bytes.fromhex("9414886b1ebf025db067a4cbd13a0903"),
            },
            "3001000000016a27e740148de9c5a7a44d1901010100000000079414886b1ebf025db067a4cbd13a0903",
        ),
        (
            {
                "record_type": 48,
                "version": 1,
                "index": 4294967295,
                "time": 0,
                "pseudonym": bytes.fromhex("0000000000000000"),
                "service": 255,
                "answer": 3,
                "reason": 255,
                "flags": 255,
                "list_sequence": 0,
                "chain": bytes.fromhex("00000000000000000000000000000000"),
            },
            "3001ffffffff000000000000000000000000ff03ffff0000000000000000000000000000000000000000",
        ),
    ],
    "Hello": [
        (
            {"record_type": 64, "version": 1, "ring_id": 305419896, "taps_stored": 12},
            "4001123456780000000c",
        ),
        (
            {"record_type": 64, "version": 1, "ring_id": 0, "taps_stored": 0},
            "40010000000000000000",
        ),
    ],
    "Status": [
        (
            {
                "record_type": 65,
                "version": 1,
                "reader_id": bytes.fromhex("6275732d372d66726f6e74"),
                "runtime": 2,
                "list_division": 410200,
                "bundle_version": 1,
                "key_epoch": 1,
                "list_sequence": 7,
                "list_time": 1781000000,
                "profile_version": 3,
                "clock_floor": 1781000000,
                "free_heap": 43152,
                "ring_id": 305419896,
                "taps_waiting": 3,
                "taps_lost": 0,
            },
            "41010b6275732d372d66726f6e7402064258000000010001000000076a27e740000000036a27e7400000a890123456780000000300000000",
        ),
        (
            {
                "record_type": 65,
                "version": 1,
                "reader_id": bytes.fromhex(
                    "7878787878787878787878787878787878787878787878787878787878787878"
                ),
                "runtime": 1,
                "list_division": 110000,
                "bundle_version": 0,
                "key_epoch": 0,
                "list_sequence": 0,
                "list_time": 0,
                "profile_version": 0,
                "clock_floor": 0,
                "free_heap": 0,
                "ring_id": 0,
                "taps_waiting": 0,
                "taps_lost": 0,
            },
            "41012078787878787878787878787878787878787878787878787878787878787878780101adb00000000000000000000000000000000000000000000000000000000000000000000000000000",
        ),
    ],
    "ObjectBegin": [
        (
            {
                "record_type": 66,
                "version": 1,
                "kind": 2,
                "length": 28,
                "manifest": bytes.fromhex(
                    "05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f05b3abf2579a5eb66403cd78be557fd860633a1fe2103c764203"
                ),
            },
            "4201020000001c005a05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f05b3abf2579a5eb66403cd78be557fd860633a1fe2103c764203",
        ),
        (
            {"record_type": 66, "version": 1, "kind": 1, "length": 1, "manifest": bytes.fromhex("")},
            "420101000000010000",
        ),
    ],
    "ObjectData": [
        (
            {
                "record_type": 67,
                "version": 1,
                "kind": 2,
                "offset": 1024,
                "data": bytes.fromhex(
                    "3a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b73a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7"
                ),
            },
            "4301020000040000403a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b73a6eb0790f39ac87c94f3856b2dd2c5d110e6811602261a9a923d3bb23adc8b7",
        ),
        (
            {"record_type": 67, "version": 1, "kind": 1, "offset": 0, "data": bytes.fromhex("00")},
            "43010100000000000100",
        ),
    ],
    "ObjectCommit": [
        (
            {"record_type": 68, "version": 1, "kind": 1},
            "440101",
        ),
        (
            {"record_type": 68, "version": 1, "kind": 2},
            "440102",
        ),
    ],
    "ObjectResult": [
        (
            {"record_type": 69, "version": 1, "result": 0, "offset": 28},
            "4501000000001c",
        ),
        (
            {"record_type": 69, "version": 1, "result": 255, "offset": 4294967295},
            "4501ffffffffff",
        ),
    ],
    "TapStored": [
        (
            {"record_type": 70, "version": 1, "index": 12},
            "46010000000c",
        ),
        (
            {"record_type": 70, "version": 1, "index": 4294967295},
            "4601ffffffff",
        ),
    ],
    "Display": [
        (
            {
                "record_type": 71,
                "version": 1,
                "service": 1,
                "answer": 2,
                "reason": 12,
                "flags": 0,
                "until": 46205,
                "list_sequence": 7,
                "list_age": 10800,
                "clock_days": 0,
            },
            "470101020c00b47d0000000700002a300000",
        ),
        (
            {
                "record_type": 71,
                "version": 1,
                "service": 255,
                "answer": 4,
                "reason": 0,
                "flags": 255,
                "until": 0,
                "list_sequence": 0,
                "list_age": 4294967295,
                "clock_days": 65535,
            },
            "4701ff0400ff000000000000ffffffffffff",
        ),
    ],
    "Ack": [
        (
            {"record_type": 72, "version": 1},
            "4801",
        ),
    ],
    "ReaderState": [
        (
            {
                "record_type": 80,
                "version": 1,
                "counter": 3,
                "ring_id": 305419896,
                "roots_hash": bytes.fromhex(
                    "a1c3a1c3a1c3a1c3a1c3a1c3a1c3a1c3a1c3a1c3a1c3a1c3a1c3a1c3a1c3a1c3"
                ),
                "clock_floor": 1781000000,
                "bundle_floor": 1,
                "trust_slot": 0,
                "trust_length": 600,
                "trust_hash": bytes.fromhex(
                    "f796e2f28ae5811737ccb8233f34e09f8bb75d2511a135543d1ca37be0199a1d"
                ),
                "profile_slot": 1,
                "profile_length": 700,
                "profile_hash": bytes.fromhex(
                    "3b7e3b7e3b7e3b7e3b7e3b7e3b7e3b7e3b7e3b7e3b7e3b7e3b7e3b7e3b7e3b7e"
                ),
                "profile_floor": 3,
                "list_slot": 1,
                "manifest": bytes.fromhex(
                    "05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f05b3abf2579a5eb66403cd78be557fd860633a1fe2103c764203"
                ),
            },
            "50010000000312345678a1c3a1c3a1c3a1c3a1c3a1c3a1c3a1c3a1c3a1c3a1c3a1c3a1c3a1c3a1c3a1c36a27e74000000001000258f796e2f28ae5811737ccb8233f34e09f8bb75d2511a135543d1ca37be0199a1d0102bc3b7e3b7e3b7e3b7e3b7e3b7e3b7e3b7e3b7e3b7e3b7e3b7e3b7e3b7e3b7e3b7e0000000301005a05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f05b3abf2579a5eb66403cd78be557fd860633a1fe2103c7642030defe32c657f05b3abf2579a5eb66403cd78be557fd860633a1fe2103c764203",
        ),
        (
            {
                "record_type": 80,
                "version": 1,
                "counter": 1,
                "ring_id": 0,
                "roots_hash": bytes.fromhex(
                    "0000000000000000000000000000000000000000000000000000000000000000"
                ),
                "clock_floor": 0,
                "bundle_floor": 0,
                "trust_slot": 1,
                "trust_length": 0,
                "trust_hash": bytes.fromhex(
                    "0000000000000000000000000000000000000000000000000000000000000000"
                ),
                "profile_slot": 0,
                "profile_length": 0,
                "profile_hash": bytes.fromhex(
                    "0000000000000000000000000000000000000000000000000000000000000000"
                ),
                "profile_floor": 0,
                "list_slot": 0,
                "manifest": bytes.fromhex(""),
            },
            "50010000000100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000100000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
        ),
    ],
    "ProfileRecord": [
        (
            {
                "record_type": 96,
                "version": 1,
                "suite": 1,
                "list_division": 410200,
                "profile_version": 1,
                "time": 1781000000,
                "window_months": 1,
                "restorable_months": 6,
                "transitional_before": 43097,
                "class_policy": 5,
                "divisions": [{"division": 410202, "unit": 1}, {"division": 410221, "unit": 2}],
                "services": [
                    {
                        "code": 1,
                        "condition": 1,
                        "years": 60,
                        "warn_hours": 168,
                        "limit_hours": 720,
                        "article": bytes.fromhex("3232283729"),
                    },
                    {
                        "code": 8,
                        "condition": 0,
                        "years": 0,
                        "warn_hours": 24,
                        "limit_hours": 168,
                        "article": bytes.fromhex("3231283329"),
                    },
                ],
                "extensions": [{"first": 43860, "last": 43900, "through": 43960}],
                "articles": [{"reason": 30, "article": bytes.fromhex("31362c2031382c203139283329")}],
                "key_id": bytes.fromhex("043a7187"),
                "signature": bytes.fromhex(
                    "043a718774c572bd8a25adbeb1bfcd5c0256ae11cecf9f9c3f925d0e52beaf89043a718774c572bd8a25adbeb1bfcd5c0256ae11cecf9f9c3f925d0e52beaf89"
                ),
            },
            "600101064258000000016a27e7400106a859050206425a0106426d020201013c00a802d0053232283729080000001800a805323128332901ab54ab7cabb8011e0d31362c2031382c203139283329043a7187043a718774c572bd8a25adbeb1bfcd5c0256ae11cecf9f9c3f925d0e52beaf89043a718774c572bd8a25adbeb1bfcd5c0256ae11cecf9f9c3f925d0e52beaf89",
        ),
        (
            {
                "record_type": 96,
                "version": 1,
                "suite": 2,
                "list_division": 110000,
                "profile_version": 4294967295,
                "time": 4294967295,
                "window_months": 12,
                "restorable_months": 255,
                "transitional_before": 0,
                "class_policy": 0,
                "divisions": [{"division": 829999, "unit": 255}],
                "services": [],
                "extensions": [],
                "articles": [],
                "key_id": bytes.fromhex("00000000"),
                "signature": bytes.fromhex(
                    "00000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000"
                ),
            },
            "60010201adb0ffffffffffffffff0cff000000010caa2fff0000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000000",
        ),
    ],
}
