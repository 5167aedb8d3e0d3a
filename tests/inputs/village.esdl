<?xml version='1.0' encoding='UTF-8'?>
<!-- Two instances, nested buildings, classes without xsi:type, a profile, umlauts in names. -->
<esdl:EnergySystem xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:esdl="http://www.tno.nl/esdl" id="system" name="Dörfchen">
  <energySystemInformation id="information">
    <carriers id="carriers">
      <carrier xsi:type="esdl:ElectricityCommodity" id="electricity" name="Electricity"/>
    </carriers>
    <environmentalProfiles id="weather" name="weather">
      <solarIrradianceProfile xsi:type="esdl:DateTimeProfile">
        <element from="2024-03-01T00:00:00.000000" value="0.0"/>
        <element from="2024-03-01T01:00:00.000000" value="1.5"/>
      </solarIrradianceProfile>
    </environmentalProfiles>
  </energySystemInformation>
  <instance id="instance-1" name="today">
    <area id="area-1" name="north">
      <asset xsi:type="esdl:Building" id="house-1" name="Haus Müller">
        <asset xsi:type="esdl:EConnection" id="connection-1" name="connection 1">
          <port xsi:type="esdl:InPort" id="connection-1-in" connectedTo="import-out"/>
          <port xsi:type="esdl:OutPort" id="connection-1-out" connectedTo="demand-1-in"/>
        </asset>
        <asset xsi:type="esdl:PVInstallation" id="pv-1" name="roof, south = 1" power="4000.0">
          <port xsi:type="esdl:OutPort" id="pv-1-out"/>
        </asset>
        <asset xsi:type="esdl:ElectricityDemand" id="demand-1">
          <port xsi:type="esdl:InPort" id="demand-1-in" connectedTo="connection-1-out"/>
        </asset>
      </asset>
      <asset xsi:type="esdl:PVInstallation" id="pv-2" name="field" power="80000.0"/>
      <asset xsi:type="esdl:Import" id="import" name="grid">
        <port xsi:type="esdl:OutPort" id="import-out" connectedTo="connection-1-in"/>
      </asset>
      <area id="area-2" name="south">
        <asset xsi:type="esdl:EConnection" id="connection-2" name="connection 2"/>
        <asset xsi:type="esdl:PVInstallation" id="pv-3" name="barn" power="12000.0"/>
      </area>
    </area>
  </instance>
  <instance id="instance-2" name="2030">
    <area id="area-3" name="new">
      <asset xsi:type="esdl:PVInstallation" id="pv-4" name="school" power="30000.0"/>
      <asset xsi:type="esdl:PVInstallation" id="pv-5" name="sports hall" power="30000.0"/>
    </area>
  </instance>
</esdl:EnergySystem>
