/* SPDX-License-Identifier: MIT
 *
 * What the probe and its companions find in the simulated guests.
 */
#include "tests/support/guest_machine.h"

static void test_without_a_gpu_the_probe_finds_nothing(void **state)
{
    (void)state;
    struct fixture *f = plain("win");
    struct json *answer = probe(f, f->container);
    assert_true(json_bool(answer, "hostdriverstore", true) == false);
    assert_int_equal(json_count(json_get(answer, "objdir")), 0);
    assert_int_equal(json_count(json_get(answer, "packages")), 0);
    assert_int_equal(json_type(json_get(answer, "vendor")), JSON_NULL);
    json_free(answer);
    close_machine(f);
}

static void test_a_gpu_without_files_has_problem_43_until_they_came_and_it_restarted(void **state)
{
    (void)state;
    uint64_t problem = 0;
    struct fixture *f = machine_with(1, "");
    attach(f);
    struct json *answer = probe(f, f->vm);
    assert_int_equal(json_count(json_get(answer, "objdir")), 1);
    assert_true(text_starts(json_string(json_first(json_get(answer, "objdir")), ""),
                            "PCI#VEN_1414&DEV_008E"));
    assert_int_equal(json_count(json_get(answer, "adapters")), 0);
    assert_true(json_u64(json_first(json_get(answer, "pnp")), "problem", &problem));
    assert_int_equal(problem, 43);
    json_free(answer);
    bring_driver(f);
    assert_adapters(f, f->vm, 1, 0); /* copied after it started */
    restart_devices(f);
    answer = probe(f, f->vm);
    const struct json *adapter = json_first(json_get(answer, "adapters"));
    assert_true(json_bool(adapter, "pv", false));
    assert_string_equal(json_string(adapter, "desc"), "RTX 4090");
    assert_string_equal(json_string(adapter, "driverstore"), STORE "\\" PACKAGE);
    assert_true(json_u64(json_first(json_get(answer, "pnp")), "problem", &problem));
    assert_int_equal(problem, 0);
    assert_string_equal(json_string(json_first(json_get(answer, "packages")), ""), PACKAGE);
    assert_true(text_starts(json_string(answer, "vendor/text"), "GPU 0: RTX 4090 (UUID: GPU-"));
    json_free(answer);
    close_machine(f);
}

/* Which of the forms shows the GPU inside, when the scenario lets `candidate` through? */
static void assert_form(unsigned candidate, const char *devices, size_t expected)
{
    struct fixture *f = machine_with(candidate, "");
    attach(f);
    bring_driver(f);
    restart_devices(f);
    char text[512];
    struct json *answer = probe(f, f->vm);
    snprintf(
        text, sizeof text, devices,
        json_string(json_first(json_get(json_first(json_get(answer, "pnp")), "location")), ""));
    json_free(answer);
    make_container(f, "win", text, true);
    assert_adapters(f, f->container, expected, expected);
    close_machine(f);
}

static void test_only_the_scenarios_candidate_lets_the_gpu_into_the_container(void **state)
{
    (void)state;
    assert_form(1, DISPLAY_CLASS, 1);
    assert_form(2, DISPLAY_CLASS, 0);
    assert_form(2, "{\"Type\":\"GpuMirror\"}", 1);
    assert_form(1, "{\"Type\":\"GpuMirror\"}", 0);
    assert_form(3, "{\"Type\":\"DeviceInstance\",\"LocationPath\":\"%s\"}", 1);
    assert_form(1, "{\"Type\":\"DeviceInstance\",\"LocationPath\":\"%s\"}", 0);
    assert_form(0, DISPLAY_CLASS ",{\"Type\":\"GpuMirror\"}", 0);
}

static void test_a_detached_gpu_is_gone_from_vm_and_container(void **state)
{
    (void)state;
    struct fixture *f = machine_with(1, "");
    attach(f);
    bring_driver(f);
    restart_devices(f);
    make_container(f, "win", DISPLAY_CLASS, true);
    assert_adapters(f, f->container, 1, 1);
    detach(f);
    assert_adapters(f, f->vm, 0, 0);
    struct json *answer = probe(f, f->container);
    uint64_t code = 0;
    assert_int_equal(json_count(json_get(answer, "objdir")), 0);
    assert_true(json_u64(answer, "vendor/exit", &code)); /* the tool is still there */
    assert_int_equal(code, 9);
    json_free(answer);
    attach(f); /* what the container sees was fixed when it was created */
    assert_adapters(f, f->container, 0, 0);
    close_machine(f);
}

static void test_after_a_driver_update_the_guest_has_the_old_package(void **state)
{
    (void)state;
    struct fixture *f =
        machine_with(1, ",\"guest_package\":\"nv_dispi.inf_amd64_0123456789abcdef\"");
    attach(f);
    bring_driver(f);
    restart_devices(f);
    struct json *answer = probe(f, f->vm);
    assert_string_equal(json_string(json_first(json_get(answer, "packages")), ""),
                        "nv_dispi.inf_amd64_0123456789abcdef");
    json_free(answer);
    close_machine(f);
}

static void test_nanoserver_cannot_read_adapters_devices_or_vendor_tool(void **state)
{
    (void)state;
    struct fixture *f = machine_with(1, "");
    attach(f);
    bring_driver(f);
    restart_devices(f);
    make_container(f, "nano", DISPLAY_CLASS, true);
    struct json *answer = probe(f, f->container);
    assert_int_equal(json_count(json_get(answer, "objdir")), 1);
    assert_int_equal(json_count(json_get(answer, "packages")), 1);
    assert_int_equal(json_type(json_get(answer, "adapters")), JSON_NULL);
    assert_int_equal(json_type(json_get(answer, "pnp")), JSON_NULL);
    assert_int_equal(json_type(json_get(answer, "vendor")), JSON_NULL);
    json_free(answer);
    close_machine(f);
}

static void test_an_assigned_device_needs_its_driver_and_has_a_location(void **state)
{
    (void)state;
    uint64_t problem = 0;
    struct fixture *f = machine_with(1, "");
    modify(f, "{\"ResourcePath\":\"VirtualMachine/Devices/VirtualPci/"
              "2d631de9-d73c-4cb5-920e-8d0cfdf8b9b5\",\"RequestType\":\"Add\",\"Settings\":{"
              "\"Functions\":[{\"DeviceInstancePath\":\"PCIP\\\\VEN_10DE&DEV_1EB1&SUBSYS_12A010DE&"
              "REV_A1\\\\4&11ef84ec&0&0019\"}]}}");
    struct json *answer = probe(f, f->vm);
    assert_true(json_u64(json_first(json_get(answer, "pnp")), "problem", &problem));
    assert_int_equal(problem, 28);
    json_free(answer);
    share(f, "s4", "C:\\\\drivers");
    static const char install[] =
        "cmd /c C:\\Windows\\System32\\pnputil.exe /add-driver " PLAIN_SHARES
        "s4/*.inf /subdirs /install";
    run(f, f->vm, install);
    assert_int_equal(f->exit_code, 0);
    run(f, f->vm, install);
    assert_int_equal(f->exit_code, 259);
    run(f, f->vm, PLAIN_SHARES "probe\\gpuprobe.exe children " PARENT);
    assert_int_equal(f->exit_code, 0);
    assert_true(text_starts(f->out, "PCIROOT(0)#PCI("));
    f->out[strcspn(f->out, "\r\n")] = '\0';
    char devices[256];
    snprintf(devices, sizeof devices, "{\"Type\":\"DeviceInstance\",\"LocationPath\":\"%.100s\"}",
             f->out);
    make_container(f, "win", devices, false);
    answer = probe(f, f->container);
    assert_true(text_starts(json_string(json_first(json_get(answer, "objdir")), ""),
                            "PCI#VEN_10DE&DEV_1EB1"));
    const struct json *adapter = json_first(json_get(answer, "adapters"));
    assert_true(json_bool(adapter, "pv", true) == false);
    json_free(answer);
    close_machine(f);
}

static void test_hcsshims_device_util_answers_where_somebody_put_it(void **state)
{
    (void)state;
    struct fixture *f = machine_with(1, "");
    attach(f);
    share(f, "tool", "C:\\\\tools");
    run(f, f->vm, PLAIN_SHARES "tool\\device-util.exe obj-dir");
    assert_int_equal(f->exit_code, 0);
    assert_non_null(strstr(f->out, ",PCI#VEN_1414&DEV_008E"));
    run(f, f->vm, PLAIN_SHARES "tool\\device-util.exe children --parentID=" PARENT);
    assert_int_equal(f->exit_code, 1);
    struct answer answer = start(f, f->vm, PLAIN_SHARES "probe\\device-util.exe", false, NULL);
    assert_int_equal(answer.code, HR_ERROR_FILE_NOT_FOUND);
    free(answer.document);
    close_machine(f);
}

static void test_the_probes_commands_fail_on_wrong_use(void **state)
{
    (void)state;
    struct fixture *f = plain("win");
    run(f, f->vm, PLAIN_SHARES "probe\\gpuprobe.exe children VMBUS\\{x}");
    assert_int_equal(f->exit_code, 1);
    run(f, f->vm, PLAIN_SHARES "probe\\gpuprobe.exe copy " PLAIN_SHARES "nothing C:\\x");
    assert_int_equal(f->exit_code, 2);
    run(f, f->vm, PLAIN_SHARES "probe\\gpuprobe.exe format C:");
    assert_int_equal(f->exit_code, 2);
    assert_non_null(strstr(f->err, "usage"));
    run(f, f->vm, PLAIN_SHARES "probe\\gpuprobe.exe mkdir \"C:\\a b\\c\"");
    assert_int_equal(f->exit_code, 0);
    run(f, f->vm, PLAIN_SHARES "probe\\gpuprobe.exe mkdir \"C:\\a b\\c\"");
    assert_int_equal(f->exit_code, 0);
    run(f, f->vm, "cmd /c dir \"C:\\a b\"");
    assert_non_null(strstr(f->out, "<DIR>          c"));
    struct answer answer = start(f, f->container, "gpuprobe.exe", false, NULL);
    assert_int_equal(answer.code, HR_ERROR_FILE_NOT_FOUND);
    free(answer.document);
    close_machine(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_without_a_gpu_the_probe_finds_nothing),
        cmocka_unit_test(test_a_gpu_without_files_has_problem_43_until_they_came_and_it_restarted),
        cmocka_unit_test(test_only_the_scenarios_candidate_lets_the_gpu_into_the_container),
        cmocka_unit_test(test_a_detached_gpu_is_gone_from_vm_and_container),
        cmocka_unit_test(test_after_a_driver_update_the_guest_has_the_old_package),
        cmocka_unit_test(test_nanoserver_cannot_read_adapters_devices_or_vendor_tool),
        cmocka_unit_test(test_an_assigned_device_needs_its_driver_and_has_a_location),
        cmocka_unit_test(test_hcsshims_device_util_answers_where_somebody_put_it),
        cmocka_unit_test(test_the_probes_commands_fail_on_wrong_use),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
